import { readFileSync, statSync } from "node:fs";
import type { Diagnostic } from "./diagnostics.ts";
import type { ConfigDocument } from "./document.ts";
import type { ScalarNode } from "./node.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/;

const FILE = /^file:(.*)$/s;
/** Bytes of a file whose content is put in. */
const LARGEST_FILE = 65_536;

/**
 * Substitutes environment variables in a document's scalars, except keys: `${NAME}`, and
 * `${NAME:-default}` for when it is unset or empty. `${file:/run/secrets/name}` is the content of a file,
 * without the line break at its end. `$${` stands for a literal `${`. Values are
 * changed, not the text, so that a variable cannot change the structure. Returns a diagnostic for
 * every variable that is not set and every file that cannot be read; `validate` then skips the scalar.
 */
export function substituteEnvironment(
  document: ConfigDocument,
  environment: Environment,
): Diagnostic[] {
  return document.scalars().flatMap((scalar) => {
    if (typeof scalar.value !== "string" || !scalar.value.includes("${")) return [];
    return substituteScalar(scalar, document, environment);
  });
}

function substituteScalar(
  scalar: ScalarNode,
  document: ConfigDocument,
  environment: Environment,
): Diagnostic[] {
  const text = scalar.written;
  const problems: Diagnostic[] = [];
  let isReferenced = false;
  let index = -1;
  const value = text.replace(REFERENCE, (written, inner: string | undefined, closing: string) => {
    index += 1;
    if (inner === undefined) return "${";
    isReferenced = true;
    const found = closing === "" ? unclosed : lookUp(inner, environment);
    if ("problem" in found) {
      const span = spanOfReference(scalar, index, document);
      problems.push(document.source.diagnostic(span, found.problem));
      return "";
    }
    if (found.isFromEnvironment) document.hide(found.value, written);
    return found.value;
  });
  scalar.value = value;
  if (problems.length > 0) scalar.origin = "unset";
  else if (isReferenced) {
    scalar.origin = "environment";
    document.hide(value, text);
  }
  return problems;
}

const unclosed = { problem: "`${` is not closed with `}`; for a literal `${` write `$${`" };

function lookUp(
  inner: string,
  environment: Environment,
): { value: string; isFromEnvironment: boolean } | { problem: string } {
  const file = FILE.exec(inner)?.[1];
  if (file !== undefined) return contentOf(file);
  const [, name, fallback] = NAME_AND_DEFAULT.exec(inner) ?? [];
  if (name === undefined) {
    return {
      problem: `\`\${${inner}}\` is not the name of a variable; write \${NAME}, \${NAME:-default} or \${file:PATH}, or $\${ for a literal \${`,
    };
  }
  if (fallback?.includes("${") === true) {
    return { problem: "a default cannot contain `${`" };
  }
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (value !== undefined && (value !== "" || fallback === undefined)) {
    return { value, isFromEnvironment: true };
  }
  if (fallback !== undefined) return { value: fallback, isFromEnvironment: false };
  return {
    problem: `environment variable ${name} is not set; set it or write \${${name}:-default}`,
  };
}

function contentOf(file: string): ReturnType<typeof lookUp> {
  if (file.trim() === "") return { problem: "a path is missing after `file:`" };
  try {
    // Before it is read: a device has no end, and a pipe may never have a beginning.
    const found = statSync(file);
    if (!found.isFile()) return { problem: `${file} is not a file` };
    if (found.size > LARGEST_FILE) {
      return {
        problem: `${file} has more than ${LARGEST_FILE} bytes, which is too much for a value`,
      };
    }
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
    return { value: text.replace(/\r?\n$/, ""), isFromEnvironment: true };
  } catch (error) {
    const isText = !(error instanceof TypeError);
    return {
      problem: isText ? `cannot read ${file}: ${reasonOf(error)}` : `${file} is not UTF-8 text`,
    };
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied; the gateway's user must be able to read it";
  return String(error);
}

/** The span of the index-th reference of a scalar. */
function spanOfReference({ span }: ScalarNode, index: number, { source }: ConfigDocument) {
  const raw = source.text.slice(span.start, span.end);
  const match = [...raw.matchAll(REFERENCE)][index];
  if (match === undefined) return span;
  const start = span.start + match.index;
  return { start, end: start + match[0].length };
}
