import { Type } from "@sinclair/typebox";

const BCRYPT = /^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}$/;
const ARGON2 =
  /^\$argon2(?:id|i|d)\$v=19\$m=([0-9]{1,9}),t=([0-9]{1,5}),p=([0-9]{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** One verification takes at most seconds: about 4 at this cost. */
const BCRYPT_COST = { least: 4, most: 16 };
/** KiB of memory, passes over it, and lanes. */
const ARGON2_COST = { memory: 262_144, passes: 20, lanes: 16 };
/** A hash of a smaller cost takes a stolen file's reader little time to guess. */
const GOOD_BCRYPT_COST = 10;

/** Bytes of a password that bcrypt looks at. */
export const BCRYPT_BYTES = 72;

const MAKE = "`gateway password NAME`";

/** The hash of a password, as it stands in a file. */
export const PasswordHash = Type.Transform(
  Type.String({
    takesNumbers: true,
    expected: "a hash of argon2 or bcrypt",
    description: `The hash of the password: of argon2 (\`$argon2id$…\`) or bcrypt (\`$2b$…\`, \`$2y$…\`), as ${MAKE} and \`htpasswd -B\` print it.`,
  }),
)
  .Decode((written) => {
    const problem = hashProblem(written);
    if (problem !== undefined) throw new Error(problem);
    return written;
  })
  .Encode((hash) => hash);

export function isBcrypt(hash: string): boolean {
  return hash.startsWith("$2");
}

/** Whether ordinary passwords are soon guessed once the file is stolen. */
export function isQuickToGuess(hash: string): boolean {
  const cost = BCRYPT.exec(hash)?.[1];
  return cost !== undefined && Number(cost) < GOOD_BCRYPT_COST;
}

/** Why a text is no hash that passwords can be compared with; quotes nothing of it. */
export function hashProblem(written: string): string | undefined {
  const bcrypt = BCRYPT.exec(written);
  if (bcrypt !== null) return bcryptProblem(Number(bcrypt[1]));
  const argon2 = ARGON2.exec(written);
  if (argon2 !== null) {
    const [memory = 0, passes = 0, lanes = 0] = argon2.slice(1).map(Number);
    return argon2Problem(memory, passes, lanes);
  }
  return unknownProblem(written);
}

function bcryptProblem(cost: number): string | undefined {
  const { least, most } = BCRYPT_COST;
  if (cost >= least && cost <= most) return undefined;
  return `bcrypt at a cost of ${cost} ${cost < least ? "does not exist" : "takes too long for each login"}; use 10 to ${most}`;
}

function argon2Problem(memory: number, passes: number, lanes: number): string | undefined {
  const most = ARGON2_COST;
  if (memory < 8 * lanes || passes < 1 || lanes < 1) {
    return `these parameters of argon2 do not exist; make the hash with ${MAKE}`;
  }
  if (memory <= most.memory && passes <= most.passes && lanes <= most.lanes) return undefined;
  return `argon2 with these parameters takes too much for each login: at most m=${most.memory} (KiB), t=${most.passes} and p=${most.lanes}`;
}

const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^\{s?sha\}/i, "SHA-1"],
  [/^\$(?:apr1|1)\$/, "MD5"],
  [/^\{s?md5\}/i, "MD5"],
  [/^\$[56]\$/, "sha-crypt"],
  [/^\$(?:7|scrypt|s0|s2)\$/, "scrypt"],
  [/^(?:\$pbkdf2|pbkdf2)/, "PBKDF2"],
  [/^\$2x?\$/, "an early, broken form of bcrypt"],
  [/^\$y\$/, "yescrypt"],
];

function unknownProblem(written: string): string {
  const other = OTHERS.find(([pattern]) => pattern.test(written))?.[1];
  if (other !== undefined) {
    return `this is a hash of ${other}; only argon2 and bcrypt are supported, which resist guessing: make a new one with ${MAKE} or \`htpasswd -B\``;
  }
  if (/^\$(?:2[aby]|argon2)/.test(written)) {
    return `this hash is damaged: is part of it missing, or did a shell take a $ for its own?`;
  }
  return `this is no hash; if it is the password itself, everyone who can read it here can use it: replace it by what ${MAKE} prints`;
}
