import { hasDirective } from "../../http/cache-control.ts";
import type { FieldList } from "../../http/field-list.ts";
import { contentLength } from "../../http/fields.ts";
import { type Answer, type AnswerBody, isReader } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { MediaTypes } from "./media-types.ts";

export interface Suitability {
  readonly types: MediaTypes;
  /** In bytes. */
  readonly minSize: number;
  /** Whether answers are compressed that are for one client alone. */
  readonly withCredentials: boolean;
}

/** Whether an answer could be compressed for a client that accepts it. */
export function isSuitable(answer: Answer, isForHead: boolean, settings: Suitability): boolean {
  const { status, fields, tunnel, body } = answer;
  const type = fields.get("content-type");
  if (type === null || !settings.types.has(type)) return false;
  if (tunnel !== undefined || WITHOUT_WHOLE_CONTENT.has(status)) return false;
  const encoding = fields.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") return false;
  // Announced trailers may be about the bytes that were sent before them.
  if (fields.has("content-range") || fields.has("trailer")) return false;
  if (!allowsCoding(fields, settings)) return false;
  const length =
    isForHead && body === null ? contentLength(fields.get("content-length")) : lengthOf(body);
  return length === undefined || length >= settings.minSize;
}

/** Whether the content that a 304 is about may have been compressed. */
export function mayBeAboutEncoded({ fields }: Answer, settings: Suitability): boolean {
  const type = fields.get("content-type");
  return (type === null || settings.types.has(type)) && allowsCoding(fields, settings);
}

const WITHOUT_WHOLE_CONTENT: ReadonlySet<number> = new Set([101, 204, 205, 206, 304]);

/** Whether neither the backend has forbidden it, nor the answer is for one client alone. */
function allowsCoding(fields: FieldList, { withCredentials }: Suitability): boolean {
  const cacheControl = fields.get("cache-control");
  if (hasDirective(cacheControl, "no-transform")) return false;
  return (
    withCredentials ||
    !(
      fields.has("set-cookie") ||
      hasDirective(cacheControl, "private") ||
      hasDirective(cacheControl, "no-store")
    )
  );
}

/** In bytes; undefined if unknown. */
function lengthOf(body: AnswerBody): number | undefined {
  if (body === null) return 0;
  if (isReader(body)) return body.length;
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

/**
 * Whether an answer may be meant for the sender of the request alone: the request had credentials, and
 * the answer does not say that it is the same for everybody.
 */
export function isPersonal({ fields, identity, request }: Exchange, answer: FieldList): boolean {
  const hasCredentials =
    identity !== undefined ||
    request.connection.tls?.certificate !== undefined ||
    fields.has("authorization") ||
    fields.has("cookie");
  return hasCredentials && !hasDirective(answer.get("cache-control"), "public");
}
