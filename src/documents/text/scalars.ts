import type { ScalarNode } from "./node.ts";

// A plain scalar must not begin with anything that has another meaning in YAML.
const PLAIN =
  /(?:[A-Za-z0-9_/.~+$(^=<\\]|-(?=[A-Za-z0-9.]))[^\n#:,[\]{}"']*(?:(?::(?=[^ \n,[\]{}])|(?<=[^ ])#|["'])[^\n#:,[\]{}"']*)*/y;
const PLAIN_IN_BLOCK =
  /(?:[A-Za-z0-9_/.~+$(^=<\\]|-(?=[A-Za-z0-9.]))[^\n#:]*(?:(?::(?=[^ \n])|(?<=[^ ])#)[^\n#:]*)*/y;
const DOUBLE = /"([^"\\\n]*)"/y;
const SINGLE = /'([^'\n]*(?:''[^'\n]*)*)'/y;

const NULL = /^(?:~|[Nn]ull|NULL)$/;
const BOOLEAN = /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/;
const INTEGER = /^[-+]?[0-9]+$/;
const OCTAL = /^0o[0-7]+$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/;

/** The plain scalar that begins here, if it is one line and nothing else. */
export function plainScalar(text: string, at: number, isInFlow: boolean): ScalarNode | undefined {
  const written = match(isInFlow ? PLAIN : PLAIN_IN_BLOCK, text, at)?.[0].trimEnd();
  if (written === undefined) return undefined;
  const span = { start: at, end: at + written.length };
  // The text before a colon may be a key.
  if (text[span.end] === ":" || text.startsWith(" :", span.end)) return undefined;
  return { kind: "scalar", span, written, value: valueOf(written), origin: "text" };
}

/** The quoted scalar that begins here, if it is one line without escape sequences. */
export function quotedScalar(text: string, at: number): ScalarNode | undefined {
  const isSingle = text[at] === "'";
  const found = match(isSingle ? SINGLE : DOUBLE, text, at);
  if (found === undefined) return undefined;
  const [whole, content = ""] = found;
  const written = isSingle ? content.replaceAll("''", "'") : content;
  const span = { start: at, end: at + whole.length };
  return { kind: "scalar", span, written, value: written, origin: "text" };
}

/** The value by YAML's core schema. */
function valueOf(written: string): ScalarNode["value"] {
  const first = written.charCodeAt(0);
  // Paths and URLs, which most scalars are, are never anything but text.
  if (first === 0x2f || first === 0x68) return written;
  if (NULL.test(written)) return null;
  if (BOOLEAN.test(written)) return written[0] === "t" || written[0] === "T";
  if (OCTAL.test(written)) return Number.parseInt(written.slice(2), 8);
  if (INTEGER.test(written)) return Number.parseInt(written, 10);
  if (HEXADECIMAL.test(written)) return Number.parseInt(written.slice(2), 16);
  if (FLOAT.test(written)) return Number.parseFloat(written);
  if (!NOT_FINITE.test(written)) return written;
  if (written.slice(-3).toLowerCase() === "nan") return Number.NaN;
  return written.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
