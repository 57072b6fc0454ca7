import type { Diagnostic } from "../documents/text/diagnostics.ts";
import type { ConfigNode, ScalarNode } from "../documents/text/node.ts";

type Path = readonly (string | number)[];

/** A text or a number that is written, with the keys and indexes that lead to it. */
export interface WrittenScalar {
  readonly path: Path;
  readonly node: ScalarNode;
}

/** Keys whose values are secrets. */
const SECRET_WORD = "(?:token|secret|password|passphrase|credentials?|access_key|secret_key)";
const SECRET_KEY = new RegExp(`(?:^|_)${SECRET_WORD}$`);
/** Fields with credentials that a configuration gives to backends. */
const SECRET_FIELD =
  /(?:^|[-_])(?:authorization|(?:api|access|auth|private|shared|subscription|functions|signing)[-_]?key|token|secret|password|signature)$/i;
/** Fields and parameters that a route adds for its backends; there, further names are those of secrets. */
const ADDED = /(?:^|\.)request\.(?:headers|query)\.(?:set|add)\.([^.]+)(?:\.[0-9]+)?$/;
const SECRET_IF_ADDED =
  /(?:^|[-_])(?:auth|code|cookie|credentials?|key|pass|passwd|pwd|session|sig)$/i;
/** Takes what it says from the request. */
const PLACEHOLDER = /^\{[^{}]+\}$/;
/** Lists of secrets. */
const SECRET_LISTS: readonly RegExp[] = [/^auth\.[^.]+\.oidc\.keys\.[0-9]+$/];
/** Mappings of secrets: fields by which a receiver knows who sends to it. */
const SECRET_MAPPINGS: readonly RegExp[] = [/^(?:tracing|logging\.export|metrics)\.headers\./];
/** Keys with such names that hold something else. */
const NO_SECRETS: ReadonlySet<string> = new Set(["pass_credentials", "allow_credentials"]);
/** Up to the last `@`: it is the one that ends a password. */
const PASSWORD_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/@:]*:([^/?#]+)@/i;
/** A parameter with a secret, in a URL. */
export const SECRET_IN_QUERY =
  /^([a-z][a-z0-9+.-]*:\/\/[^?#]*\?(?:[^#]*&)?(?:api[-_]?key|key|(?:access_)?token|secret|password|sig|signature)=)([^&#{]+)/i;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const REFERENCES = /\$\{[^}]*\}/g;
/** What comes before the credentials of an Authorization field. */
const SCHEME = /^(?:apikey|basic|bearer|token)\s/i;
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
export function writtenSecrets(scalars: readonly WrittenScalar[]): WrittenSecret[] {
  return scalars.flatMap(({ path, node }) => {
    const name = secretAt(path, node.value);
    if (name === undefined || node.origin === "unset") return [];
    const fallback = FALLBACK.exec(node.written)?.[1];
    const password =
      PASSWORD_IN_URL.exec(node.written)?.[1] ?? SECRET_IN_QUERY.exec(node.written)?.[2];
    if (fallback === undefined && !hasLiteral(password ?? node.written)) return [];
    const text = fallback ?? password ?? node.written;
    return [{ path, name, isFallback: fallback !== undefined, text }];
  });
}

/** Whether there is anything besides the references to variables and files. */
function hasLiteral(written: string): boolean {
  return /[^\s:;,"'=]/.test(written.replace(SCHEME, "").replaceAll(REFERENCES, ""));
}

/** What the secret is called; undefined if it is none. */
function secretAt(path: Path, value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (PASSWORD_IN_URL.test(value)) return "a password in a URL";
  if (SECRET_IN_QUERY.test(value)) return "a secret in a URL";
  if (PRIVATE_KEY.test(value)) return "a private key";
  const key = String(path.at(-1));
  const whole = path.join(".");
  const isSecret =
    SECRET_LISTS.some((list) => list.test(whole)) ||
    SECRET_MAPPINGS.some((mapping) => mapping.test(whole)) ||
    (SECRET_KEY.test(key) && !NO_SECRETS.has(key)) ||
    (SECRET_KEY.test(String(path.at(-2))) &&
      (key === "base64" || typeof path.at(-1) === "number")) ||
    (ADDED.test(whole) && !value.includes("{") && isSecretField(path));
  return isSecret
    ? `\`${typeof path.at(-1) === "number" ? String(path.at(-2)) : key}\``
    : undefined;
}

/** Whether a field or a parameter with a secret is given a value there. */
function isSecretField(path: Path): boolean {
  const added = ADDED.exec(path.join("."))?.[1];
  const name = added ?? String(path.at(-1));
  return SECRET_FIELD.test(name) || (added !== undefined && SECRET_IF_ADDED.test(name));
}

/** All texts and numbers below a node. */
export function scalarsIn(node: ConfigNode, path: Path = []): WrittenScalar[] {
  if (node.kind === "scalar") return [{ path, node }];
  const children =
    node.kind === "list"
      ? node.items.map((item, index) => [index, item] as const)
      : [...node.entries].map(([key, entry]) => [key, entry] as const);
  return children.flatMap(([step, { node: child }]) => scalarsIn(child, [...path, step]));
}

/** Where a hash belongs, and a key or a password itself is written now and then. */
const HASHES = /^auth\.[^.]+\.(?:api_key\.keys|basic\.users)\./;

/** What no line that is shown may contain. `root` is undefined for a text that is not YAML. */
export function secretTexts(root: ConfigNode | undefined): string[] {
  if (root === undefined) return [];
  const scalars = scalarsIn(root);
  const hashes = scalars.filter(
    ({ path, node }) => HASHES.test(path.join(".")) && path.at(-1) !== "name" && isText(node),
  );
  return [
    ...writtenSecrets(scalars).map(({ text }) => text),
    ...hashes.map(({ node }) => node.written),
  ];
}

/** Whether what is written at a path is a secret, has one, or stands where one is written now and then. */
export function isSecretPlace(path: Path, written: string): boolean {
  if (secretAt(path, written) !== undefined) return true;
  if (isSecretField(path)) return !PLACEHOLDER.test(written);
  return HASHES.test(path.join(".")) && path.at(-1) !== "name" && written !== "";
}

function isText({ origin, value }: ScalarNode): boolean {
  return origin === "text" && typeof value === "string";
}

/** A key of a secret with its value, in a line of a text that is not YAML. */
const IN_LINE = new RegExp(`((?:^|[\\s{,"'_])${SECRET_WORD}["']?\\s*:\\s*)([^\\s,}][^,}]*)`, "gi");

/**
 * Diagnostics whose lines have "*" in place of secrets: what is printed is kept by journals, and by logs of
 * pipelines. What is marked stays in its place.
 */
export function withoutSecrets<Shown extends Diagnostic>(
  diagnostics: readonly Shown[],
  root: ConfigNode | undefined,
): Shown[] {
  if (diagnostics.length === 0) return [];
  const secrets = secretTexts(root).filter((text) => text.length > 2);
  return diagnostics.map((diagnostic) => {
    let { sourceLine } = diagnostic;
    for (const secret of secrets) sourceLine = sourceLine.replaceAll(secret, stars(secret));
    if (root === undefined) {
      sourceLine = redactedLine(sourceLine, stars);
    }
    return { ...diagnostic, sourceLine };
  });
}

/** Names of credentials before a value, a password in a URL, and keys of the length of secret ones. */
const IN_COMMENT: readonly RegExp[] = [
  /(\b(?:authorization|cookie|(?:api|access)[-_]?key)["']?\s*[:=]\s*)([^\s$].*)/gi,
  new RegExp(`(\\b(?:[a-z0-9]+_)*${SECRET_WORD}["']?\\s*=\\s*)([^\\s$,}][^\\s,}]*)`, "gi"),
  /([a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:)([^\s/?#$]+)(?=@)/gi,
  /(\bkey["']?\s*:\s*["']?)([\w-]{16,})/gi,
];

/** A comment, with others in place of what seem to be secrets. */
export function redactedComment(comment: string, replaced: (secret: string) => string): string {
  return IN_COMMENT.reduce(
    (text, pattern) =>
      text.replace(pattern, (_all, key: string, value: string) => key + replaced(value)),
    redactedLine(comment, replaced),
  );
}

/** A line of a text that is not YAML, with others in place of what seem to be secrets. */
export function redactedLine(line: string, replaced: (secret: string) => string): string {
  return line.replace(IN_LINE, (_all, key: string, value: string) =>
    value.startsWith("$") ? `${key}${value}` : `${key}${replaced(value)}`,
  );
}

/** As many as there are characters, so that columns stay right. */
function stars(text: string): string {
  return "*".repeat(Array.from(text).length);
}
