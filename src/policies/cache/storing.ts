import { type AnswerBody, isReader } from "../../pipeline/answer.ts";
import type { ContentReader } from "../../pipeline/content.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { Filling } from "./filling.ts";
import { hold, type Serving, watched } from "./serving.ts";
import type { Shelf } from "./shelf.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** How an answer's content is stored. */
export interface Storing {
  readonly exchange: Exchange;
  readonly shelf: Shelf;
  readonly serving: Serving;
  /** Bytes of the largest content that is stored. */
  readonly maxEntry: number;
  readonly make: (content: StoredAnswer["content"]) => StoredAnswer;
  /** False if it cannot be stored. */
  readonly put: (answer: StoredAnswer) => boolean;
  /** The answer can be used from now on, or will never be: called once, unless nothing is stored at all. */
  readonly settle: (answer: StoredAnswer | undefined) => void;
  /** Called once, when nothing more of it will arrive for the store. */
  readonly end: () => void;
}

/**
 * Stores content now, or while it arrives. Returns what the exchange that asked for it gets; undefined if
 * it is not stored, and remains as it is.
 */
export function store(body: AnswerBody, storing: Storing): AnswerBody | undefined {
  if (isReader(body)) {
    if (body.explainsFailure === true || (body.length ?? 0) > storing.maxEntry) return undefined;
    return body.length === undefined
      ? storeOfUnknownLength(body, storing)
      : storeArriving(body, storing);
  }
  const bytes = body === null ? null : ownBytes(body);
  if ((bytes?.length ?? 0) > storing.maxEntry) return undefined;
  const answer = storing.make(bytes);
  if (!storing.put(answer)) return undefined;
  hold(answer, storing.exchange, storing.serving);
  storing.settle(answer);
  storing.end();
  return bytes;
}

/** A copy: what arrives may be a part of a larger buffer. */
function ownBytes(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
}

/** Content of known length can be used at once: it is passed on to everyone as it arrives. */
function storeArriving(body: ContentReader, storing: Storing): AnswerBody | undefined {
  const { exchange, shelf, serving, make, put, settle, end } = storing;
  const filling: Filling = new Filling(body, {
    limit: storing.maxEntry,
    room: NO_MORE_ROOM,
    clock: serving.clock,
    onEnd(content) {
      if (content === undefined) shelf.remove(answer);
      else answer.content = content;
      end();
    },
  });
  const answer = make(filling);
  if (!put(answer)) return undefined;
  const letGo = shelf.hold(answer);
  if (letGo !== undefined) filling.whenArrived(letGo);
  hold(answer, exchange, serving);
  settle(answer);
  return begin(filling, exchange, serving);
}

/** The room for it has been taken all at once. */
const NO_MORE_ROOM = { take: () => false, giveBack: () => {} };

/** Whether other content is too much shows at its end, so those who wait do so until then. */
function storeOfUnknownLength(body: ContentReader, storing: Storing): AnswerBody {
  const { exchange, shelf, serving, make, put, settle, end } = storing;
  const stopWaiting = serving.clock.schedule(LONGEST_WAIT, () => settle(undefined));
  const filling = new Filling(body, {
    limit: storing.maxEntry,
    room: shelf,
    clock: serving.clock,
    onEnd(content) {
      stopWaiting();
      const answer = content === undefined ? undefined : make(content);
      const isStored = answer !== undefined && put(answer);
      if (isStored) hold(answer, exchange, serving);
      settle(isStored ? answer : undefined);
      end();
    },
  });
  return begin(filling, exchange, serving);
}

/** Milliseconds for which others wait for such content. */
const LONGEST_WAIT = 5_000;

/** What is stored goes on arriving when the client leaves, and its backend is in use until it has. */
function begin(filling: Filling, exchange: Exchange, serving: Serving): AnswerBody {
  const { held } = exchange;
  if (held !== undefined) exchange.held = { end: () => filling.whenArrived(() => held.end()) };
  exchange.cancellation.outlives = () => filling.isArriving;
  return watched(filling.begin(), exchange, serving);
}
