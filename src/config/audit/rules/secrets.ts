import type { Audited, Path, Rule } from "../rule.ts";

/** Keys whose values are secrets. */
const SECRET_KEY =
  /(?:^|_)(?:token|secret|password|passphrase|credentials?|access_key|secret_key)$/;
/** Lists of secrets. */
const SECRET_LISTS: readonly RegExp[] = [/^auth\.[^.]+\.oidc\.keys\.[0-9]+$/];
/** Keys with such names that hold something else. */
const NO_SECRETS: ReadonlySet<string> = new Set(["pass_credentials", "allow_credentials"]);
const PASSWORD_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/@:]*:([^/@]+)@/i;
const FALLBACK = /\$\{[A-Za-z_][A-Za-z0-9_]*:-([^}]+)\}/;

/** A secret, as it is written. */
interface WrittenSecret {
  readonly path: Path;
  /** What it is called. */
  readonly name: string;
  /** Whether it stands in only if a variable is not set. */
  readonly isFallback: boolean;
  readonly text: string;
}

/** Every secret that stands in the file. */
export function writtenSecrets({ scalars }: Pick<Audited, "scalars">): WrittenSecret[] {
  return scalars.flatMap(({ path, node }) => {
    const name = secretAt(path, node.value);
    if (name === undefined || node.origin === "unset") return [];
    const fallback = FALLBACK.exec(node.written)?.[1];
    if (node.origin === "environment" && fallback === undefined) return [];
    const password = PASSWORD_IN_URL.exec(node.written)?.[1];
    const text = fallback ?? password ?? node.written;
    return [{ path, name, isFallback: fallback !== undefined, text }];
  });
}

/** Secrets that stand in the file. */
export const secrets: readonly Rule[] = [
  {
    name: "secret-in-file",
    severity: "medium",
    finds:
      "secrets that are written into the configuration and not taken from the environment or a file; high if everybody on the machine can read it",
    find(audited) {
      const { file, modeOf } = audited;
      const isPublic = ((modeOf(file) ?? 0) & 0o004) !== 0;
      return writtenSecrets(audited).map(({ path, name, isFallback }) => ({
        path,
        message: isFallback
          ? `if the variable is not set, ${name} is what stands here, known to everybody who has read the file`
          : `${name} stands in the file, and with it in repositories, backups and chats`,
        remedy: `write "\${${variableFor(path)}}", or "\${file:/run/secrets/${variableFor(path).toLowerCase()}}"`,
        ...(isPublic && !isFallback ? { severity: "high" as const } : {}),
      }));
    },
  },
];

/** What the secret is called; undefined if it is none. */
function secretAt(path: Path, value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (PASSWORD_IN_URL.test(value)) return "a password in a URL";
  const key = String(path.at(-1));
  const whole = path.join(".");
  const isSecret =
    SECRET_LISTS.some((list) => list.test(whole)) ||
    (SECRET_KEY.test(key) && !NO_SECRETS.has(key)) ||
    (SECRET_KEY.test(String(path.at(-2))) && key === "base64");
  return isSecret
    ? `\`${typeof path.at(-1) === "number" ? String(path.at(-2)) : key}\``
    : undefined;
}

/** `admin.token` is ADMIN_TOKEN. */
function variableFor(path: Path): string {
  const words = path.filter((step) => typeof step === "string").slice(-2);
  return words
    .join("_")
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_");
}
