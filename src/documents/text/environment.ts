import type { Diagnostic } from "./diagnostics.ts";
import type { ConfigDocument } from "./document.ts";
import type { ScalarNode } from "./node.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/;

/**
 * Substitutes environment variables in a document's scalars, except keys: `${NAME}`, and
 * `${NAME:-default}` for when it is unset or empty. `$${` stands for a literal `${`. Values are
 * changed, not the text, so that a variable cannot change the structure. Returns a diagnostic for
 * every variable that is not set; `validate` then skips the scalar.
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
  const [, name, fallback] = NAME_AND_DEFAULT.exec(inner) ?? [];
  if (name === undefined) {
    return {
      problem: `\`\${${inner}}\` is not the name of a variable; write \${NAME} or \${NAME:-default}, or $\${ for a literal \${`,
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

/** The span of the index-th reference of a scalar. */
function spanOfReference({ span }: ScalarNode, index: number, { source }: ConfigDocument) {
  const raw = source.text.slice(span.start, span.end);
  const match = [...raw.matchAll(REFERENCE)][index];
  if (match === undefined) return span;
  const start = span.start + match.index;
  return { start, end: start + match[0].length };
}
