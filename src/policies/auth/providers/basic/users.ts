import type { ConfigIssue } from "../../../../pipeline/policy.ts";
import { under } from "../../../../pipeline/section.ts";
import type { Steps } from "../../../../time/slices.ts";
import { Access, type AccessRecord, accessProperties, checkAccess } from "../../access/access.ts";
import { foreignInUsers, hintsOf } from "../../access/foreign-keys.ts";
import { madeOfFile, type RecordKind } from "../../access/record-source.ts";
import { namedRecords, placedRecords, repeated } from "../../access/named-records.ts";
import { isHtpasswd, readHtpasswd } from "./htpasswd.ts";
import { isQuickToGuess, PasswordHash } from "./password-hash.ts";

const SECRET = { key: "hash", schema: PasswordHash };

/** `users`, and the content of a file of users in YAML. */
export const usersSchema = namedRecords(
  SECRET,
  accessProperties,
  "The users by name, or a list of users with a `name` each, in place of a `file`.",
);

interface UserRecord extends AccessRecord {
  readonly hash: string;
}

/** Someone with a password. */
export interface User {
  readonly name: string;
  readonly hash: string;
  readonly access: Access;
}

const RECORDS_OF_A_STEP = 200;

/** All users of a provider, by their names (NFC). */
export class Users {
  readonly #byName = new Map<string, User>();
  readonly #all: User[] = [];
  /** Names of users whose hashes are quick to guess. */
  readonly weak: string[] = [];

  add(user: User): void {
    this.#byName.set(user.name, user);
    this.#all.push(user);
    if (isQuickToGuess(user.hash)) this.weak.push(user.name);
  }

  get count(): number {
    return this.#all.length;
  }

  get(name: string): User | undefined {
    return this.#byName.get(name);
  }

  /**
   * A user in place of one who does not exist, chosen by an arbitrary number: verifying a password takes as
   * long for names that nobody has as for those of users, so time tells nobody who they are. Undefined if
   * there are none.
   */
  standIn(number: number): User | undefined {
    return this.#all[number % this.#all.length];
  }
}

/** Makes users of what was written, and finds what is wrong with it. */
function* usersOf(value: unknown): Steps<{ content: Users; issues: ConfigIssue[] }> {
  const users = new Users();
  const issues: ConfigIssue[] = [];
  let count = 0;
  for (const placed of placedRecords<UserRecord>(value, SECRET)) {
    const { record, path } = placed;
    const name = placed.name.normalize("NFC");
    if (users.get(name) !== undefined) issues.push(repeated(placed));
    if (name.includes(":")) {
      issues.push({ path, message: "a user's name has no colon: HTTP has one after the name" });
    }
    issues.push(...under(path, checkAccess(record)));
    users.add({ name, hash: record.hash, access: new Access(record) });
    count += 1;
    if (count % RECORDS_OF_A_STEP === 0) yield undefined;
  }
  return { content: users, issues };
}

const FILE = {
  schema: usersSchema,
  name: "a file of users",
  example: '`ada: "$argon2id$…"`',
  remedy: "`gateway password NAME` prints a user's line",
  isSecret: true,
  hints: hintsOf(foreignInUsers, "users"),
};

/** The users of a provider, in the configuration, or in a file in YAML or as htpasswd writes it. */
export const usersWithPasswords: RecordKind<Users> = {
  what: "users",
  key: "users",
  make: usersOf,
  warningsOf,
  *parse(file: string, text: string): Steps<Users> {
    if (isHtpasswd(text)) {
      const users = new Users();
      for (const { name, hash } of readHtpasswd(file, text)) {
        users.add({ name, hash, access: EVERYTHING });
      }
      return users;
    }
    return yield* madeOfFile(file, text, FILE, usersOf);
  },
};

const EVERYTHING = new Access({});

function warningsOf({ weak }: Users): string[] {
  const [first, ...others] = weak;
  if (first === undefined) return [];
  const whose =
    others.length === 0
      ? `the hash of \`${first}\` is`
      : `${weak.length} hashes, like that of \`${first}\`, are`;
  return [
    `${whose} of bcrypt at a cost below 10, so passwords are soon guessed once the file is stolen; make new ones with \`gateway password\``,
  ];
}
