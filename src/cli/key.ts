import {
  bitsAtMost,
  hashOfKey,
  issuedKey,
  newKey,
} from "../policies/auth/providers/api-key/key-text.ts";
import { parseTime } from "../policies/auth/access/expiry.ts";
import { parseDuration } from "../units/duration.ts";
import { suggestion } from "./args.ts";
import { type Arguments, type Command, type Console, UsageError } from "./command.ts";
import { asYamlKey, recordName } from "./record-line.ts";

/** 2^112 guesses are out of reach, and a random UUID is above that. */
const LEAST_BITS = 112;
const LONGEST_KEY = 1024;
const ACTIONS = ["new", "hash"];

export const key: Command = {
  name: "key",
  summary: "make an API key, or hash one: key new NAME",
  operands: "new [NAME] | hash [NAME]",
  maxOperands: 2,
  flags: {
    expires: {
      value: "WHEN",
      summary: "when it stops being valid: 90d, 2027-01-31 or 2027-01-31T18:00:00Z",
    },
    json: { summary: "print it as JSON, for programs" },
    weak: { summary: "hash a key even if it is too short or too simple" },
  },
  details: `\`new\` prints a random key, which cannot be recovered, and the line with its hash for the file of
keys that a provider of the kind \`api_key\` names. \`hash\` reads a key that exists from standard input,
or asks for it, and prints its line; without NAME, only the hash.

Exit codes: 0 done; 1 the key cannot be used; 2 invalid command line.`,
  examples: [
    ["gateway key new billing", "a key for billing, and its line"],
    ["gateway key new billing --expires 90d", "valid for 90 days"],
    ["gateway key hash shop < key.txt", "the line of a key that exists"],
  ],
  signals: "stop",
  async run(input, console) {
    const [action = "", written] = input.operands;
    const name = written === undefined ? undefined : recordName(written);
    if (action === "new") return makeKey(name, input, console);
    if (action === "hash") return hashKey(name, input, console);
    const meant = action === "" ? "" : `, not ${action}${suggestion(action, ACTIONS)}`;
    throw new UsageError(`\`key\` takes \`new\` or \`hash\`${meant}`);
  },
};

function makeKey(given: string | undefined, { flags }: Arguments, console: Console): number {
  if (flags["weak"] !== undefined) throw new UsageError("--weak belongs to `key hash`");
  const expires = expiryOf(flags["expires"], console);
  const made = newKey((bytes) => void crypto.getRandomValues(bytes));
  const hash = hashOfKey(made);
  const name = given ?? `key-${hash.slice(-6)}`;
  const line = lineOf(name, hash, expires);
  console.out(
    flags["json"] === undefined
      ? `The key, which is shown only now. It is for its owner:

  ${made}

Its line for the file of keys, which needs only the hash:

  ${line}
`
      : `${JSON.stringify({ name, key: made, hash, expires, line })}\n`,
  );
  return 0;
}

async function hashKey(
  name: string | undefined,
  { flags }: Arguments,
  console: Console,
): Promise<number> {
  const expires = expiryOf(flags["expires"], console);
  const given = await readKey(console);
  const problem =
    given === undefined ? "no key was given" : problemOf(given, flags["weak"] !== undefined);
  if (given === undefined || problem !== undefined) {
    console.err(`gateway: ${problem}\n`);
    return 1;
  }
  const hash = hashOfKey(given);
  const line = name === undefined ? undefined : lineOf(name, hash, expires);
  console.out(
    flags["json"] === undefined
      ? `${line ?? hash}\n`
      : `${JSON.stringify({ name, hash, expires, line })}\n`,
  );
  return 0;
}

async function readKey({ input }: Console): Promise<string | undefined> {
  if (input.isTerminal) return input.ask("Key: ");
  const bytes = await input.read(LONGEST_KEY + 2);
  // A longer one is reported as too long.
  return bytes === undefined
    ? "x".repeat(LONGEST_KEY + 1)
    : bytes.toString("latin1").replace(/\r?\n$/, "");
}

/** Why a key cannot be used; quotes nothing of it. */
function problemOf(given: string, mayBeWeak: boolean): string | undefined {
  if (given === "") return "the key is empty; is a variable unset?";
  if (given.length > LONGEST_KEY) return `a key has at most ${LONGEST_KEY} characters`;
  if (/[\r\n]/.test(given)) return "the key has a line break; hash one at a time";
  if (!/^[!-~]+$/.test(given)) {
    return "the key has blanks or other characters than visible ASCII, which not every client can send";
  }
  if (issuedKey(given) === "mistyped") {
    return "this looks like a key from `gateway key new`, but is mistyped: its last characters do not fit the others";
  }
  if (mayBeWeak || bitsAtMost(given) >= LEAST_BITS) return undefined;
  return "this key is too short or too simple: its hash could be reversed by guessing; make a new one with `gateway key new`, or accept that with --weak";
}

/** As it is written in the file. */
function expiryOf(written: string | undefined, console: Console): string | undefined {
  if (written === undefined) return undefined;
  const duration = parseDuration(written);
  const time = duration === undefined ? parseTime(written) : console.now() + duration;
  if (time === undefined) {
    throw new UsageError(
      `--expires takes a duration like 90d, a date like 2027-01-31 or a time like 2027-01-31T18:00:00Z, not "${written}"`,
    );
  }
  if (time <= console.now()) throw new UsageError(`--expires ${written} is in the past`);
  if (duration === undefined && !written.includes(":")) return written;
  return new Date(time).toISOString().replace(/\.[0-9]+Z$/, "Z");
}

function lineOf(name: string, hash: string, expires: string | undefined): string {
  return expires === undefined
    ? `${asYamlKey(name)}: "${hash}"`
    : `${asYamlKey(name)}: { hash: "${hash}", expires: ${expires} }`;
}
