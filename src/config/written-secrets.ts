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
const SECRET_FIELD = /(?:^|-)(?:authorization|api-?key|token|secret|password)$/i;
/** Lists of secrets. */
const SECRET_LISTS: readonly RegExp[] = [/^auth\.[^.]+\.oidc\.keys\.[0-9]+$/];
/** Mappings of secrets: fields by which a receiver knows who sends to it. */
const SECRET_MAPPINGS: readonly RegExp[] = [/^(?:tracing|logging\.export|metrics)\.headers\./];
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
export function writtenSecrets(scalars: readonly WrittenScalar[]): WrittenSecret[] {
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

/** What the secret is called; undefined if it is none. */
function secretAt(path: Path, value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (PASSWORD_IN_URL.test(value)) return "a password in a URL";
  const key = String(path.at(-1));
  const whole = path.join(".");
  const isSecret =
    SECRET_LISTS.some((list) => list.test(whole)) ||
    SECRET_MAPPINGS.some((mapping) => mapping.test(whole)) ||
    (SECRET_KEY.test(key) && !NO_SECRETS.has(key)) ||
    (SECRET_KEY.test(String(path.at(-2))) && (key === "base64" || typeof path.at(-1) === "number"));
  return isSecret
    ? `\`${typeof path.at(-1) === "number" ? String(path.at(-2)) : key}\``
    : undefined;
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
  if (secretAt(path, written) !== undefined || SECRET_FIELD.test(String(path.at(-1)))) return true;
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
