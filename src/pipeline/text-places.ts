import { bytesOf, textOfBytes } from "../http/bytes.ts";
import { encodeByte } from "../http/path.ts";
import type { ValueForm } from "./placeholder-values.ts";
import { type ParsedText, type Placeholder, Template, type TextPlace } from "./placeholders.ts";

/**
 * A path that begins with "/". A value of the client's path stays as it is; it is normal, so it is
 * neither decoded nor encoded twice, and only a wildcard or {request.path} brings slashes with it. Any
 * other value becomes a part of one segment. What is made still has to be checked for segments that
 * consist of dots, as `Outgoing.path` does.
 */
export const inPath: TextPlace = {
  literal: (text) => encode(bytesOf(text), NOT_IN_PATH),
  value: (value, form) => (form === "path" ? value : encode(asBytes(value, form), NOT_UNRESERVED)),
};

/** A query that begins with "?". Only {request.query} brings parameters with it. */
export const inQuery: TextPlace = {
  literal: (text) => encode(bytesOf(text), NOT_IN_QUERY),
  value(value, form) {
    if (form === "query") return encode(value, NOT_IN_QUERY);
    if (form === "path") return value.replace(NOT_UNRESERVED_OR_ESCAPE, encodeByte);
    return encode(asBytes(value, form), NOT_UNRESERVED);
  },
};

/** The name or the value of one parameter of a query. */
export const inParameter: TextPlace = {
  literal: (text) => encode(bytesOf(text), NOT_UNRESERVED),
  value: (value, form) =>
    form === "path"
      ? value.replace(NOT_UNRESERVED_OR_ESCAPE, encodeByte)
      : encode(asBytes(value, form), NOT_UNRESERVED),
};

/** The value of a field: each character is one byte, and none is a control character except the tab. */
export const inField: TextPlace = {
  literal: (text) => encode(bytesOf(text), CONTROLS),
  value: (value, form) => encode(asBytes(value, form), CONTROLS),
};

/** A part of a host. What is made still has to be checked. Only {request.host} brings a port with it. */
export const inHost: TextPlace = {
  literal: (text) => text,
  value: (value, form) => (form === "host" ? value : encode(asBytes(value, form), NOT_UNRESERVED)),
};

/** Text as people read it, in which nothing is encoded: plain text, or a value that is encoded as a whole. */
export const asText = {
  literal: (text: string) => text,
  value: (value: string, form: ValueForm) =>
    form === "text" ? value.toWellFormed() : textOfBytes(value),
} satisfies TextPlace;

/** The inside of a JSON string. */
export const inJsonString: TextPlace = {
  literal: (text) => text,
  value: (value, form) => JSON.stringify(asText.value(value, form)).slice(1, -1),
};

/** Text or the value of an attribute in quotes, of HTML or XML. */
export const inMarkup: TextPlace = {
  literal: (text) => text,
  value: (value, form) =>
    asText.value(value, form).replace(MARKUP, (character) => `&#${character.charCodeAt(0)};`),
};

/**
 * A template for keys of limits and hashes: different values make different keys, wherever one ends and
 * the next begins, and a long value does not make a long key. `as` says what a value counts as.
 */
export function keyTemplate(
  parsed: ParsedText,
  as: (value: string, source: Placeholder["source"]) => string = (value) => value,
): Template {
  const placeholders = parsed.parts.filter((part) => typeof part !== "string");
  return new Template(parsed, {
    literal: (text) => text,
    value:
      placeholders.length > 1
        ? (value, _form, source) =>
            `${shortened(as(value, source)).replace(/[%\0]/g, encodeByte)}\0`
        : (value, _form, source) => shortened(as(value, source)),
  });
}

/** Characters of the longest value that is part of a key as it is. */
const LONGEST_IN_KEY = 128;
const DIGEST = "sha256:";

function shortened(value: string): string {
  return fitsInKey(value) ? value : digestInKey(value);
}

/** Whether a value can be part of a key as it is. One that looks like a digest is replaced by its own. */
export function fitsInKey(value: string): boolean {
  return value.length <= LONGEST_IN_KEY && !value.startsWith(DIGEST);
}

/** What stands in a key for a value that is too long, or secret. */
export function digestInKey(value: string): string {
  return `${DIGEST}${new Bun.CryptoHasher("sha256").update(value).digest("base64url")}`;
}

const NOT_UNRESERVED = /[^A-Za-z0-9._~-]/g;
const NOT_UNRESERVED_OR_ESCAPE = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~%-]/g;
const NOT_IN_PATH = /[^A-Za-z0-9._~!$&'()*+,;=:@/%-]/g;
const NOT_IN_QUERY = /[^!"$-~]/g;
// oxlint-disable-next-line no-control-regex -- these are what it is about
const CONTROLS = /[\0-\x08\x0A-\x1F\x7F]/g;
const MARKUP = /[&<>"'`=]/g;

function encode(bytes: string, characters: RegExp): string {
  return bytes.replace(characters, encodeByte);
}

function asBytes(value: string, form: ValueForm): string {
  return form === "text" ? bytesOf(value.toWellFormed()) : value;
}
