import { byteRange } from "../../http/byte-range.ts";
import { isSameStrongly, matchesEntityTag } from "../../http/entity-tag.ts";
import { type Field, FieldName, fieldOf } from "../../http/field.ts";
import { FieldList } from "../../http/field-list.ts";
import { parseHttpDate } from "../../http/http-date.ts";
import { Answer, type AnswerBody } from "../../pipeline/answer.ts";
import { WatchedContent } from "../../pipeline/content.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import type { Asked } from "./asked.ts";
import { Filling } from "./filling.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** What answers out of the store depend on. */
export interface Serving {
  readonly clock: Clock;
  readonly shelf: Holding;
  /** Milliseconds in which a client must take some of the content; 0 sets no limit. */
  readonly idleTimeout: number;
}

/** Where answers are stored, as far as it has to know that they are in use. */
interface Holding {
  /** Returns what is to be called at the end, if anything. */
  hold(answer: StoredAnswer): (() => void) | undefined;
}

/** An exchange sends content of a stored answer, until it is over. */
export function hold(stored: StoredAnswer, exchange: Exchange, { shelf }: Serving): void {
  const letGo = shelf.hold(stored);
  if (letGo !== undefined) exchange.whenOver(letGo);
}

/** The answer to a request, made of a stored one (RFC 9111 section 4). `status`: its Cache-Status. */
export function serve(
  stored: StoredAnswer,
  exchange: Exchange,
  asked: Asked,
  status: Field,
  serving: Serving,
): Answer {
  const list = [
    ...stored.fields.list,
    stored.ageField,
    status,
    REQUEST_ID.with(exchange.requestId),
  ];
  if (exchange.client.viaTrustedProxy) list.push(...stored.tagFields);
  if (stored.status === 200 && (asked.isConditional || asked.range !== null)) {
    const special = conditionally(stored, list, asked, exchange, serving);
    if (special !== undefined) return special;
  }
  const fields = new FieldList(list);
  const { status: code, statusText, length } = stored;
  if (exchange.method === "HEAD") {
    if (length !== undefined) list.push(fieldOf("Content-Length", `${length}`));
    return new Answer(null, { status: code, statusText, fields });
  }
  hold(stored, exchange, serving);
  return new Answer(contentOf(stored, exchange, serving), { status: code, statusText, fields });
}

const REQUEST_ID = new FieldName("X-Request-ID");

/** A 304, 206 or 416, if the request's conditions ask for one. */
function conditionally(
  stored: StoredAnswer,
  list: Field[],
  asked: Asked,
  exchange: Exchange,
  serving: Serving,
): Answer | undefined {
  const now = serving.clock.wall();
  if (isUnchanged(stored.fields, asked, now)) return notModified(list);
  const { content } = stored;
  // RFC 9110 section 14.2: Range is for GET only.
  if (asked.range === null || exchange.method !== "GET" || !(content instanceof Uint8Array))
    return undefined;
  if (asked.ifRange !== null && !isStill(stored.fields, asked.ifRange, now)) return undefined;
  const range = byteRange(asked.range, content.length);
  if (range === undefined) return undefined;
  if (range === "none") {
    list.push(fieldOf("Content-Range", `bytes */${content.length}`));
    return new Answer(null, { status: 416, fields: new FieldList(list.filter(isNotOfContent)) });
  }
  const { start, end } = range;
  hold(stored, exchange, serving);
  list.push(fieldOf("Content-Range", `bytes ${start}-${end - 1}/${content.length}`));
  return new Answer(content.subarray(start, end), { status: 206, fields: new FieldList(list) });
}

/** RFC 9110 section 15.4.5: without what describes the content, which the client has. */
export function notModified(list: Field[]): Answer {
  return new Answer(null, { status: 304, fields: new FieldList(list.filter(isNotOfContent)) });
}

function isNotOfContent({ name }: Field): boolean {
  return !OF_CONTENT.has(name);
}

const OF_CONTENT: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
]);

/** By If-None-Match, and without it If-Modified-Since (RFC 9111 section 4.3.2). */
export function isUnchanged(fields: FieldList, asked: Asked, now: number): boolean {
  const { ifNoneMatch, ifModifiedSince } = asked;
  if (ifNoneMatch !== null) {
    if (ifNoneMatch.trim() === "*") return true;
    const etag = fields.get("etag");
    return etag !== null && matchesEntityTag(ifNoneMatch, etag);
  }
  if (ifModifiedSince === null) return false;
  const since = parseHttpDate(ifModifiedSince, now);
  const modified = dateIn(fields, "last-modified", now) ?? dateIn(fields, "date", now);
  return since !== undefined && modified !== undefined && modified <= since;
}

/** By If-Range, which takes nothing but strong validators (RFC 9110 section 13.1.5). */
function isStill(fields: FieldList, ifRange: string, now: number): boolean {
  if (ifRange.includes('"')) {
    const etag = fields.get("etag");
    return etag !== null && isSameStrongly(ifRange.trim(), etag);
  }
  const [modified, date] = [dateIn(fields, "last-modified", now), dateIn(fields, "date", now)];
  const isStrong = modified !== undefined && date !== undefined && date - modified >= 1_000;
  return isStrong && parseHttpDate(ifRange, now) === modified;
}

function dateIn(fields: FieldList, name: string, now: number): number | undefined {
  const written = fields.get(name);
  return written === null ? undefined : parseHttpDate(written, now);
}

function contentOf({ content }: StoredAnswer, exchange: Exchange, serving: Serving): AnswerBody {
  return content instanceof Filling ? watched(content.reader(), exchange, serving) : content;
}

/** Content that a client has to take within the idle timeout; how fast it comes is watched at its source. */
export function watched(
  content: ReturnType<Filling["reader"]>,
  { request }: Exchange,
  { clock, idleTimeout }: Serving,
): WatchedContent {
  return new WatchedContent(
    content,
    {
      onPiece() {},
      onIdle(waitingFor) {
        if (waitingFor === "source") return;
        const detail = `the client read nothing of the answer for ${idleTimeout} ms`;
        request.cancellation.cancel(new GatewayError("client_stalled", detail));
      },
    },
    { idleTimeout, clock },
  );
}
