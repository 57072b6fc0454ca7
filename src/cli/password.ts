import { BCRYPT_BYTES } from "../policies/auth/providers/basic/password-hash.ts";
import { integerFlag } from "./args.ts";
import { type Arguments, type Command, type Console, UsageError } from "./command.ts";
import { asYamlKey, recordName } from "./record-line.ts";

const LONGEST = 1024;
const SHORT = 8;
/** KiB; what OWASP recommends, with two passes. */
const ARGON2_MEMORY = 19_456;
const COSTS = {
  argon2id: { default: 2, minimum: 1, maximum: 20 },
  bcrypt: { default: 12, minimum: 10, maximum: 16 },
};
type Algorithm = keyof typeof COSTS;

export const password: Command = {
  name: "password",
  summary: "hash a password, for a user's line: password NAME",
  operands: "[NAME]",
  maxOperands: 1,
  flags: {
    algorithm: {
      value: "NAME",
      summary: "argon2id or bcrypt; default argon2id, with --htpasswd bcrypt",
    },
    cost: {
      value: "N",
      summary: "passes of argon2id, 1 to 20, default 2; or bcrypt's cost, 10 to 16, default 12",
    },
    htpasswd: { summary: "print the line of a file of htpasswd: NAME:HASH" },
  },
  details: `Asks for a password twice, without showing it, or reads it from standard input if that is no terminal.
Prints the line for the file of users that a provider of the kind \`basic\` names; without NAME, only the
hash. argon2id takes 19 MiB of memory for each login; a higher cost makes guessing slower, and logins too.

Exit codes: 0 done; 1 the password cannot be used; 2 invalid command line.`,
  examples: [
    ["gateway password ada", "asks, and prints ada's line"],
    ["gateway password ada >> users.yaml", "and adds it to a file"],
    ["gateway password ada --htpasswd < password.txt", "for nginx and Apache too"],
  ],
  elsewhere: {
    password:
      "it asks for the password, or reads it from standard input, so that no list of processes shows it",
    "password-file": "the password is read from standard input: gateway password NAME < FILE",
  },
  signals: "stop",
  async run(input, console) {
    const [written] = input.operands;
    const name = written === undefined ? undefined : userName(written);
    const isHtpasswd = input.flags["htpasswd"] !== undefined;
    if (isHtpasswd && name === undefined) {
      throw new UsageError("--htpasswd needs a name: gateway password NAME --htpasswd");
    }
    const algorithm = algorithmOf(input, isHtpasswd);
    const cost = integerFlag(input.flags, "cost", COSTS[algorithm]);
    const given = await readPassword(console);
    if (given === undefined) return 1;
    const text = given.normalize("NFC");
    const problem = problemOf(text, algorithm);
    if (problem !== undefined) {
      console.err(`gateway: ${problem}\n`);
      return 1;
    }
    if (Array.from(text).length < SHORT) {
      console.err(
        `gateway: warning: a password of less than ${SHORT} characters is soon guessed\n`,
      );
    }
    console.out(`${lineOf(name, await hashOf(text, algorithm, cost), isHtpasswd)}\n`);
    return 0;
  },
};

function userName(written: string): string {
  if (!written.includes(":")) return recordName(written);
  throw new UsageError("a user's name has no colon: HTTP has one after the name");
}

function algorithmOf({ flags }: Arguments, isHtpasswd: boolean): Algorithm {
  const written = flags["algorithm"] ?? (isHtpasswd ? "bcrypt" : "argon2id");
  if (written === "argon2id" || written === "bcrypt") return written;
  throw new UsageError(`--algorithm takes argon2id or bcrypt, not "${written}"`);
}

/** Undefined if there is none, which has been said. */
async function readPassword(console: Console): Promise<string | undefined> {
  const { input } = console;
  if (!input.isTerminal) {
    const bytes = await input.read(LONGEST + 2);
    if (bytes === undefined) return "x".repeat(LONGEST + 1);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
    } catch {
      console.err("gateway: the password is not in UTF-8\n");
      return undefined;
    }
  }
  const first = await input.ask("Password: ");
  const second = first === undefined ? undefined : await input.ask("Again: ");
  if (first !== undefined && first === second) return first;
  console.err(
    second === undefined
      ? "gateway: no password was given\n"
      : "gateway: the two are not the same\n",
  );
  return undefined;
}

/** Why a password cannot be used; quotes nothing of it. */
function problemOf(text: string, algorithm: Algorithm): string | undefined {
  if (text === "") return "the password is empty";
  if (/\p{Cc}/u.test(text))
    return "the password has a control character or a line break, which HTTP does not allow";
  const bytes = Buffer.byteLength(text);
  if (bytes > LONGEST) return `a password has at most ${LONGEST} bytes in UTF-8`;
  if (algorithm === "bcrypt" && bytes > BCRYPT_BYTES) {
    return `bcrypt looks at ${BCRYPT_BYTES} bytes of a password, and this one has more; use argon2id`;
  }
  return undefined;
}

function hashOf(text: string, algorithm: Algorithm, cost: number): Promise<string> {
  return Bun.password.hash(
    text,
    algorithm === "bcrypt"
      ? { algorithm, cost }
      : { algorithm, memoryCost: ARGON2_MEMORY, timeCost: cost },
  );
}

function lineOf(name: string | undefined, hash: string, isHtpasswd: boolean): string {
  if (name === undefined) return hash;
  // nginx's crypt() and Apache know this spelling.
  return isHtpasswd
    ? `${name}:${hash.replace(/^\$2b\$/, "$2y$")}`
    : `${asYamlKey(name)}: "${hash}"`;
}
