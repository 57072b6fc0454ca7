import { createHash, timingSafeEqual } from "node:crypto";
import type { ConfigIssue } from "../../../../pipeline/policy.ts";
import { under } from "../../../../pipeline/section.ts";
import type { Steps } from "../../../../time/slices.ts";
import { Access, type AccessRecord, accessProperties, checkAccess } from "../../access/access.ts";
import { foreignInKeys, hintsOf } from "../../access/foreign-keys.ts";
import { madeOfFile, type RecordKind } from "../../access/record-source.ts";
import { namedRecords, placedRecords, repeated } from "../../access/named-records.ts";
import { KeyHash } from "./hash.ts";
import { issuedKey } from "./key-text.ts";

const SECRET = { key: "hash", schema: KeyHash };

/** `keys`, and the content of a file of keys. */
export const keysSchema = namedRecords(
  SECRET,
  accessProperties,
  "The keys by name, or a list of keys with a `name` each, in place of a `file`.",
);

interface KeyRecord extends AccessRecord {
  /** Hexadecimal. */
  readonly hash: string;
}

/** A key of a client, whose text nobody here knows. */
export interface ApiKey {
  readonly name: string;
  readonly digest: Buffer;
  readonly access: Access;
}

/** Records are made into keys so many at a time. */
const RECORDS_OF_A_STEP = 200;
/** Bytes of a digest by which a key is found. */
const INDEXED = 8;

/** All keys of a provider. */
export class ApiKeys {
  /** By the first bytes of their digests, each of which is one character. */
  readonly #byStart = new Map<string, ApiKey>();

  /** Returns the key that has this digest already, or almost. */
  add(key: ApiKey): ApiKey | undefined {
    const start = key.digest.toString("latin1", 0, INDEXED);
    const other = this.#byStart.get(start);
    if (other === undefined) this.#byStart.set(start, key);
    return other;
  }

  /**
   * The key of a text that a client presents, each character one byte. How long it takes could reveal
   * something of the start of a digest, from which nothing follows for the key; the rest is compared in
   * constant time.
   */
  find(presented: string): ApiKey | undefined {
    const digest = createHash("sha256").update(presented, "latin1").digest();
    const key = this.#byStart.get(digest.toString("latin1", 0, INDEXED));
    return key !== undefined && timingSafeEqual(key.digest, digest) ? key : undefined;
  }
}

/** Makes keys of what was written, and finds what is wrong with it. */
function* keysOf(value: unknown): Steps<{ content: ApiKeys; issues: ConfigIssue[] }> {
  const keys = new ApiKeys();
  const issues: ConfigIssue[] = [];
  const names = new Set<string>();
  let count = 0;
  for (const placed of placedRecords<KeyRecord>(value, SECRET)) {
    const { name, record, path } = placed;
    if (names.has(name)) issues.push(repeated(placed));
    names.add(name);
    if (issuedKey(name) !== undefined) {
      const message = "this name is a key itself; names are in the log, so choose another one";
      issues.push({ path, message });
    }
    issues.push(...under(path, checkAccess(record)));
    const digest = Buffer.from(record.hash, "hex");
    const same = keys.add({ name, digest, access: new Access(record) });
    if (same !== undefined) {
      issues.push({ path, message: `this is the key of \`${same.name}\` too; give each its own` });
    }
    count += 1;
    if (count % RECORDS_OF_A_STEP === 0) yield undefined;
  }
  return { content: keys, issues };
}

const FILE = {
  schema: keysSchema,
  name: "a file of API keys",
  example: '`billing: "sha256:…"`',
  remedy: "`gateway key new NAME` prints a key and its line for the file",
  isSecret: true,
  hints: hintsOf(foreignInKeys, "keys"),
};

/** The keys of a provider, in a file or in the configuration. */
export const apiKeys: RecordKind<ApiKeys> = {
  what: "API keys",
  key: "keys",
  make: keysOf,
  warningsOf: () => [],
  parse: (file, text) => madeOfFile(file, text, FILE, keysOf),
};
