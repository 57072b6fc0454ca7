import type { Field } from "../../http/field.ts";
import { writeKeptContent } from "../../pipeline/kept-content.ts";
import { REDACTED, type Redaction } from "../../pipeline/redaction.ts";
import type { Beginning } from "./beginning.ts";
import { decoded, isEncoded } from "./decoded.ts";
import { type ContentKind, ContentRedaction } from "./redacting/content-redaction.ts";

/** Whose content it is: what must not be kept of it, and the request's fields, which hold secrets too. */
interface Owner {
  readonly redaction: Redaction;
  readonly fields: { readonly all: readonly Field[] };
}

interface Seen {
  readonly beginning: Beginning;
  /** The fields Content-Type and Content-Encoding. */
  readonly type: string | null;
  readonly coding: string | null;
  /** Bytes that the text may have. */
  readonly limit: number;
  /** If it is a problem of the gateway's own: the error's code, which is no secret. */
  readonly problem?: string | undefined;
}

/** Characters of a field; what clients send may be longer. */
const LONGEST_FIELD = 255;
/** Room for what decompressed content is cut from. */
const ROOM = 65_536;

/** What a row keeps of content whose exchange is over, as JSON. */
export function keptContent(
  { redaction, fields }: Owner,
  { beginning, type, coding, limit, problem }: Seen,
  { binary }: { readonly binary: boolean },
): string {
  const encoding = isEncoded(coding) ? coding : undefined;
  const about = {
    type: redaction.field({ name: "content-type", value: type ?? "" }).slice(0, LONGEST_FIELD),
    ...(encoding !== undefined && { encoding: encoding.slice(0, LONGEST_FIELD) }),
    bytes: beginning.bytes,
  };
  const isAll = beginning.isComplete && beginning.isAll;
  const plain =
    encoding === undefined
      ? { content: beginning.kept, isAll: true }
      : decoded(beginning.kept, encoding, 8 * limit + ROOM);
  if (plain === undefined) return writeKeptContent(about);
  const content = plain.content.subarray(0, limit);
  const isWhole = isAll && plain.isAll && content.length === plain.content.length;
  const kind = kindOf(type);
  const text = kind === undefined ? undefined : textOf(content, isWhole);
  const cut = isWhole ? {} : ({ cut: true } as const);
  if (kind !== undefined && text !== undefined) {
    const all = new ContentRedaction(redaction, fields.all).redacted(text, kind, !isWhole);
    const left = problem === undefined ? all : withCode(all, text, problem);
    const redacted = left === text ? {} : ({ redacted: true } as const);
    return writeKeptContent({ ...about, text: left, ...cut, ...redacted });
  }
  if (!binary || isMultipart(type)) return writeKeptContent(about);
  return writeKeptContent({ ...about, base64: Buffer.from(content).toString("base64"), ...cut });
}

/**
 * The member `code` of a problem says what went wrong. It has the name of what sign-ins carry, which is a
 * secret elsewhere.
 */
function withCode(redacted: string, text: string, code: string): string {
  const member = `"code":"${code}"`;
  return text.includes(member) ? redacted.replace(`"code":"${REDACTED}"`, member) : redacted;
}

/** Undefined for content that is not text. Without a type, text is what can be read as such. */
function kindOf(contentType: string | null): ContentKind | undefined {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-www-form-urlencoded") return "form";
  if (type === "text/event-stream") return "events";
  if (/[/+]json$/.test(type) || JSON_TEXTS.test(type)) return "json";
  if (/[/+]xml$/.test(type) || type === "text/html") return "xml";
  return type === "" || TEXT.test(type) ? "text" : undefined;
}

/** JSON texts one after the other. */
const JSON_TEXTS = /[/-](?:ndjson|jsonl|json-seq|jsonlines)$/;
const TEXT =
  /^text\/|^application\/(?:(?:x-)?(?:javascript|ecmascript|yaml|toml|sql|graphql)|.+\+yaml)$/;

function isMultipart(contentType: string | null): boolean {
  return contentType?.trim().toLowerCase().startsWith("multipart/") === true;
}

const STRICT = { fatal: true, ignoreBOM: true };
const WHOLE = new TextDecoder("utf-8", STRICT);

/** Undefined if it is not UTF-8, or has NUL. The last character may be cut. */
function textOf(content: Uint8Array, isWhole: boolean): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    // To leave out half of a character takes a decoder of its own, which waits for the rest.
    return isWhole
      ? WHOLE.decode(content)
      : new TextDecoder("utf-8", STRICT).decode(content, { stream: true });
  } catch {
    return undefined;
  }
}
