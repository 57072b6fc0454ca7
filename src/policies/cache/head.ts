import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import type { Asked } from "./asked.ts";
import type { FetchServices } from "./fetching.ts";
import { Filling } from "./filling.ts";
import { selectingFields } from "./selecting.ts";
import { StoredAnswer } from "./stored-answer.ts";

/** An answer to HEAD, and what it answers. */
export interface AnsweredHead {
  readonly answer: Answer;
  readonly exchange: Exchange;
  readonly asked: Asked;
  /** The request before the policies after the cache have changed it. */
  readonly before: Outgoing;
  /** Monotonic milliseconds. */
  readonly sentAt: number;
}

/** Updates a stored answer to GET by what the backend says to HEAD, or removes it (RFC 9111 section 4.3.5). */
export function updateByHead(
  stored: StoredAnswer,
  { answer, exchange, asked, before, sentAt }: AnsweredHead,
  { clock, judge, places, shelf, ttl }: Omit<FetchServices, "rest">,
): void {
  const { status } = answer;
  if (status === 404 || status === 410) shelf.remove(stored);
  if (status !== 200 || stored.status !== 200 || exchange.errorCode !== undefined) return;
  const length = answer.fields.get("content-length");
  const isOther = length !== null && Number(length) !== stored.length;
  if (isOther || !stored.isValidatedBy(answer.fields)) {
    shelf.remove(stored);
    return;
  }
  if (places.isPersonal(exchange, before) || answer.fields.has("set-cookie")) return;
  // What is arriving is removed if it breaks off, which another answer with this content would not be.
  if (stored.content instanceof Filling) return;
  const fields = stored.fieldsUpdatedBy(answer.fields, clock.wall());
  const directives = asked.directives;
  const verdict = judge.verdictOn({
    status,
    fields,
    sentAt,
    asked: directives,
    isPersonal: false,
    ttl,
  });
  if (verdict === undefined || selectingFields(fields)?.join() !== stored.selecting.join()) {
    shelf.remove(stored);
    return;
  }
  const { statusText, content } = stored;
  shelf.replace(
    stored,
    new StoredAnswer({ status, statusText, fields, content, verdict }, clock.wall()),
  );
}
