import { decoded, type Pairs } from "./query-pairs.ts";

/** A parameter as its style has it: one text, a list, or an object's members by their names. */
export type Written =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "members"; readonly members: readonly Member[] };

type Member = readonly [path: readonly string[], text: string];
type Kind = Written["kind"];

export interface Style {
  readonly style: string;
  readonly explode: boolean;
}

/** Sent more often than once, where one value is expected: servers take either. */
export const REPEATED = "repeated";

/** Reads a parameter from a query or a form; undefined if it is not there. */
export function fromPairs(
  name: string,
  kind: Kind,
  { style, explode }: Style,
  { pairs, properties }: { readonly pairs: Pairs; readonly properties: readonly string[] },
): Written | typeof REPEATED | undefined {
  if (kind === "members" && style === "deepObject") return deepObject(name, pairs);
  if (kind === "members" && explode) {
    const members = properties.flatMap((property) =>
      pairs.all(property).map((value) => [[property], decoded(value)] as const),
    );
    return members.length === 0 ? undefined : { kind, members };
  }
  const values = pairs.all(name);
  const [first] = values;
  if (first === undefined) return undefined;
  if (kind === "list" && explode) return { kind, items: values.map(decoded) };
  if (values.length > 1) return REPEATED;
  return kind === "text" ? { kind, text: decoded(first) } : split(first, kind, DELIMITERS[style]);
}

const DELIMITERS: Readonly<Record<string, RegExp | undefined>> = {
  spaceDelimited: /%20/,
  pipeDelimited: /\||%7C/i,
};

/** Objects in objects that `a[b][c]` may write. */
const MOST_STEPS = 8;

/** Whether a name is that of a member: `color[R]` of `color`. */
export function isOfObject(written: string, name: string): boolean {
  return written.startsWith(`${name}[`) && written.endsWith("]");
}

/** `color[R]=100&color[G]=200`. */
function deepObject(name: string, pairs: Pairs): Written | undefined {
  // Servers that know this style take `color=100` for a text, where an object is expected.
  const [text] = pairs.all(name);
  if (text !== undefined) return { kind: "text", text: decoded(text) };
  const members: Member[] = [];
  for (const written of pairs.names) {
    if (!isOfObject(written, name)) continue;
    const inner = written.slice(name.length + 1, -1);
    const steps = inner.split("][", MOST_STEPS + 1);
    const path = steps.length > MOST_STEPS ? [inner] : steps;
    for (const value of pairs.all(written)) members.push([path, decoded(value)]);
  }
  return members.length === 0 ? undefined : { kind: "members", members };
}

/** Reads a parameter from a segment of a path. */
export function fromPath(
  name: string,
  written: string,
  kind: Kind,
  { style, explode }: Style,
): Written | undefined {
  switch (style) {
    case "label":
      if (!written.startsWith(".")) return undefined;
      return fromText(written.slice(1), kind, explode, explode ? /\./ : /,/);
    case "matrix":
      return written.startsWith(";")
        ? fromMatrix(name, written.slice(1), kind, explode)
        : undefined;
    default:
      return fromText(written, kind, explode, /,/);
  }
}

/** Reads a parameter from a field, where nothing is percent-encoded, or from a cookie. */
export function fromField(text: string, kind: Kind, explode: boolean): Written {
  return fromText(text, kind, explode, /,[ \t]*/, (part) => part);
}

/** `;id=3;id=4`, `;id=3,4`, `;R=100;G=200`. */
function fromMatrix(
  name: string,
  written: string,
  kind: Kind,
  explode: boolean,
): Written | undefined {
  if (explode && kind === "members") return fromText(written, kind, true, /;/);
  const values = written.split(";").map((part) => {
    const [key, value] = halves(part);
    return decoded(key) === name ? value : undefined;
  });
  const [first] = values;
  if (first === undefined || values.includes(undefined)) return undefined;
  if (explode && kind === "list") {
    return { kind, items: values.map((value) => decoded(value ?? "")) };
  }
  return values.length === 1 ? fromText(first, kind, false, /,/) : undefined;
}

function fromText(
  text: string,
  kind: Kind,
  explode: boolean,
  delimiter: RegExp,
  decode: (part: string) => string = decoded,
): Written {
  if (kind === "text") return { kind, text: decode(text) };
  if (!explode || kind === "list") return split(text, kind, delimiter, decode);
  const members = text.split(delimiter).map((part) => {
    const [name, value] = halves(part);
    return [[decode(name)], decode(value)] as const;
  });
  return { kind, members };
}

/** `3,4,5`, or `R,100,G,200`. */
function split(
  text: string,
  kind: "list" | "members",
  delimiter: RegExp = /,/,
  decode: (part: string) => string = decoded,
): Written {
  const parts = text === "" ? [] : text.split(delimiter).map(decode);
  if (kind === "list") return { kind, items: parts };
  const members: Member[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    members.push([[parts[at] ?? ""], parts[at + 1] ?? ""]);
  }
  return { kind, members };
}

function halves(part: string): [string, string] {
  const equals = part.indexOf("=");
  return equals === -1 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
}
