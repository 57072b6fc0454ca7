import { type SchemaOptions, Type } from "@sinclair/typebox";
import { closest } from "../units/closest.ts";
import { variableAdvice } from "../units/variable.ts";
import type { Exchange } from "./exchange.ts";
import {
  namedSources,
  type NamedSourceKey,
  type PlainSource,
  plainSources,
  type ValueForm,
  valueSources,
} from "./placeholder-values.ts";
import type { ParsedText, Placeholder } from "./parsed-text.ts";
import { claimItems } from "./claims.ts";
import { TextProblem } from "./section.ts";

export type { ParsedText, Placeholder };

/** What a text with placeholders becomes a part of: decides how values are encoded there. */
export interface TextPlace {
  literal(this: void, text: string): string;
  value(this: void, value: string, form: ValueForm, source: PlainSource | NamedSourceKey): string;
}

/** A text with placeholders for one place. Created once per snapshot. */
export class Template {
  /** The text itself if it has no placeholders. */
  readonly constant: string | undefined;
  readonly #parts: readonly (string | Placeholder)[];
  readonly #place: TextPlace;

  constructor({ parts }: Pick<ParsedText, "parts">, place: TextPlace) {
    this.#parts = parts.map((part) => (typeof part === "string" ? place.literal(part) : part));
    this.#place = place;
    const literals = this.#parts.filter((part) => typeof part === "string");
    this.constant = literals.length === parts.length ? literals.join("") : undefined;
  }

  /** The text for one exchange. */
  text(exchange: Exchange): string {
    if (this.constant !== undefined) return this.constant;
    let text = "";
    for (const part of this.#parts)
      text += typeof part === "string" ? part : this.#of(exchange, part);
    return text;
  }

  #of(exchange: Exchange, { source, name }: Placeholder): string {
    const { form, read } = valueSources[source];
    const items =
      source === "auth.claims" ? claimItems(exchange.identity?.claims, name) : undefined;
    if (items === undefined) return this.#place.value(read(exchange, name), form, source);
    // Whoever may choose the name of one item must not be able to write two.
    return items
      .map((item) => this.#place.value(item, form, source).replaceAll(",", ENCODED_COMMA))
      .join(",");
  }
}

const ENCODED_COMMA = "%2C";

/**
 * The schema of a text with placeholders; the configuration has it parsed. `check` finds what is wrong
 * with it in its place.
 */
export function PlaceholderText({
  check,
  ...options
}: SchemaOptions & {
  readonly check?: (parsed: ParsedText) => TextProblem | undefined;
}) {
  return Type.Transform(Type.String({ takesNumbers: true, ...options }))
    .Decode((text): ParsedText => {
      const parsed = parsePlaceholders(text);
      const problem = parsed instanceof TextProblem ? parsed : check?.(parsed);
      if (problem !== undefined) throw problem;
      return parsed as ParsedText;
    })
    .Encode(({ text }) => text);
}

/** Whether a value of the configuration is a text with placeholders. */
export function isParsedText(value: object): value is ParsedText {
  return "text" in value && "parts" in value && Array.isArray(value.parts);
}

/** A "{", and what follows until the next brace, with that if it is a "}". */
const BRACES = /\{([^{}]*)\}?/y;

/**
 * Parses a text with placeholders in single braces, like `/v2/{path.id}`. `{{` is a brace, and `}}` the
 * one that closes it. A "{" that does not stand before a letter begins no placeholder and is itself, and
 * so is the "}" that closes it: JSON needs no doubled braces.
 */
export function parsePlaceholders(text: string): ParsedText | TextProblem {
  if (!text.includes("{") && !text.includes("}}"))
    return { text, parts: text === "" ? [] : [text] };
  const parts: (string | Placeholder)[] = [];
  /** The literal braces that are open: whether each was doubled. */
  const open: boolean[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    const isDoubled = text.charAt(at + 1) === character;
    if (character === "{" && !isDoubled) {
      BRACES.lastIndex = at;
      const [written = "", inner = ""] = BRACES.exec(text) ?? [];
      if (!isMeant(inner)) {
        open.push(false);
        literal += character;
        at += 1;
        continue;
      }
      const found = written.endsWith("}") ? placeholderIn(inner) : NOT_CLOSED;
      if (typeof found === "string") return new TextProblem(found, at);
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push({ ...found, offset: at });
      at += written.length;
    } else if (character === "{") {
      open.push(true);
      literal += character;
      at += 2;
    } else if (character === "}") {
      literal += character;
      at += open.pop() !== false && isDoubled ? 2 : 1;
    } else {
      literal += character;
      at += 1;
    }
  }
  if (literal !== "") parts.push(literal);
  return { text, parts };
}

const NOT_CLOSED = "`{` is not closed with `}`; a brace of the text itself is written `{{`";

/** Whether what is between braces is a placeholder, well written or not. */
function isMeant(inner: string): boolean {
  return /^[A-Za-z_$]/.test(inner) || find(inner.trim()) !== undefined;
}

/** The placeholder between braces, or what is wrong with it. */
function placeholderIn(inner: string): Omit<Placeholder, "offset"> | string {
  const found = find(inner);
  if (found !== undefined) return found;
  const source = namedSourceOf(inner);
  if (source !== undefined) {
    return `\`{${inner}}\` needs a name after \`${source}.\`, like \`{${source}.${EXAMPLES[source]}}\``;
  }
  const variable = variableAdvice(inner) ?? variableAdvice(`{${inner}}`);
  const meant = variable === undefined ? meantBy(inner.trim()) : undefined;
  const advice = variable ?? (meant === undefined ? undefined : `did you mean \`{${meant}}\`?`);
  return `\`{${inner}}\` is not a placeholder; ${advice ?? "`gateway help placeholders` lists them, and a brace of the text itself is written `{{`"}`;
}

function find(inner: string): Omit<Placeholder, "offset"> | undefined {
  if (isKey(plainSources, inner)) return { source: inner, name: "" };
  const source = namedSourceOf(inner);
  const name = source && namedSources[source].nameOf(inner.slice(source.length + 1));
  return source === undefined || name === undefined ? undefined : { source, name };
}

function namedSourceOf(inner: string): NamedSourceKey | undefined {
  return NAMED.find((source) => inner.startsWith(`${source}.`));
}

function isKey<Keys extends object>(object: Keys, key: string): key is Extract<keyof Keys, string> {
  return Object.hasOwn(object, key);
}

/** Every placeholder as it is written, with NAME where it has a name. */
export const PLACEHOLDERS: readonly string[] = [
  ...Object.keys(plainSources).map((key) => `{${key}}`),
  ...Object.keys(namedSources).map((key) => `{${key}.NAME}`),
];

const PLAIN = Object.keys(plainSources);
const NAMED = Object.keys(namedSources).filter((key) => isKey(namedSources, key));

const EXAMPLES: Readonly<Record<NamedSourceKey, string>> = {
  path: "id",
  query: "page",
  header: "x-tenant",
  cookie: "session",
  "auth.claims": "role",
};

/** What other software calls those without a name. */
const ELSEWHERE: ReadonlyMap<string, PlainSource> = new Map([
  ["remote_addr", "client.ip"],
  ["remote_host", "client.ip"],
  ["remote_ip", "client.ip"],
  ["uri", "request.path"],
  ["http.request.uri.path", "request.path"],
  ["args", "request.query"],
  ["querystring", "request.query"],
  ["hostport", "request.host"],
  ["http.request.hostport", "request.host"],
  ["request_id", "request.id"],
  ["uuid", "request.id"],
  ["consumer", "auth.subject"],
]);

/** What other software calls them. */
const FOREIGN: Readonly<Record<string, NamedSourceKey>> = {
  arg: "query",
  args: "query",
  param: "path",
  params: "path",
  claim: "auth.claims",
  claims: "auth.claims",
  jwt: "auth.claims",
};

/** The placeholder that was probably meant by an unknown one, without its braces. */
function meantBy(written: string): string | undefined {
  const near = find(written) === undefined ? closest(written, PLAIN) : written;
  const same = near ?? ELSEWHERE.get(written.toLowerCase());
  if (same !== undefined) return same;
  const dot = written.lastIndexOf(".");
  const last = written.slice(dot + 1);
  if (dot > 0 && last !== "") {
    const before = written.slice(0, dot).toLowerCase();
    const kind = before.slice(before.lastIndexOf(".") + 1);
    const named = FOREIGN[kind] ?? closest(before, NAMED) ?? closest(kind, NAMED);
    if (named !== undefined) return `${named}.${last}`;
  }
  return PLAIN.find((name) => name.endsWith(`.${last.toLowerCase()}`));
}
