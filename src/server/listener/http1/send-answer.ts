import { hasToken } from "../../../http/fields.ts";
import { type Answer, isReader } from "../../../pipeline/answer.ts";
import type { Cancellation } from "../../../pipeline/cancellation.ts";
import type { ContentReader } from "../../../pipeline/content.ts";
import type { Delivery } from "../../../pipeline/delivery.ts";
import type { GatewayError } from "../../../pipeline/errors.ts";
import type { Line } from "../../../transport/line.ts";
import { lastChunk } from "../../../wire/chunked.ts";
import { asGatewayError, clientLeft } from "../failures.ts";
import { answerHead } from "./answer-head.ts";
import { asBytes, LARGE, Outbox } from "./outbox.ts";

/** Who has an answer sent. */
export interface SendingOwner {
  /** All of the answer that the socket has not taken waits for the client alone. */
  waitsForClient(): void;
}

/** How an answer is sent. */
export interface Sending {
  readonly owner: SendingOwner;
  /** How many pieces of content have been asked for. */
  asked: number;
  readonly line: Line;
  readonly cancellation: Cancellation;
  /** Whether the request was a HEAD, whose answer has no content. */
  readonly isForHead: boolean;
  /** Whether the client understands chunks; for others the connection's end is the content's. */
  readonly takesChunks: boolean;
  /** Lines of the header section that the connection decides. */
  readonly connection: string;
  readonly date: string;
}

/** Bytes that are collected before they are written. */
const ENOUGH = 65_536;

/**
 * Sends an answer. Returns why it broke off, undefined if it did not; synchronously if all of it was
 * there and the socket has taken it.
 */
export function sendAnswer(
  delivery: Delivery,
  sending: Sending,
): GatewayError | undefined | Promise<GatewayError | undefined> {
  const { answer } = delivery;
  const { line, isForHead } = sending;
  const { status } = answer;
  if (isForHead || status === 204 || status === 304 || status < 200) {
    answer.discard(undefined);
    line.write(asBytes(headOf(answer, sending, "none")));
    return settled(sending);
  }
  const { body } = answer;
  if (isReader(body)) return new Streaming(delivery, body, sending).run();
  const bytes = typeof body === "string" ? asUtf8(body) : body;
  const head = headOf(answer, sending, bytes?.length ?? 0);
  if (bytes === null || bytes.length === 0) line.write(asBytes(head));
  else {
    if (bytes.length < LARGE) line.write(joined(head, bytes));
    else {
      line.write(asBytes(head));
      line.write(bytes);
    }
    delivery.sent(bytes.length);
  }
  return settled(sending);
}

function headOf(answer: Answer, sending: Sending, length: number | undefined | "none"): string {
  return answerHead(answer, {
    length,
    chunked: length === undefined && sending.takesChunks,
    connection: sending.connection,
    date: sending.date,
  });
}

/** Content as it arrives. */
class Streaming {
  readonly #delivery: Delivery;
  readonly #body: ContentReader;
  readonly #sending: Sending;
  readonly #outbox: Outbox;
  readonly #chunked: boolean;

  constructor(delivery: Delivery, body: ContentReader, sending: Sending) {
    this.#delivery = delivery;
    this.#body = body;
    this.#sending = sending;
    this.#outbox = new Outbox(sending.line);
    this.#chunked = body.length === undefined && sending.takesChunks;
    this.#outbox.add(headOf(delivery.answer, sending, body.length));
  }

  async run(): Promise<GatewayError | undefined> {
    try {
      await this.#pass();
      return undefined;
    } catch (error) {
      const failure = asGatewayError(error);
      this.#sending.line.end("cut");
      void this.#body.cancel(failure);
      return failure;
    }
  }

  async #pass(): Promise<void> {
    const outbox = this.#outbox;
    for (;;) {
      this.#sending.asked += 1;
      let result = this.#body.read();
      if (result instanceof Promise) {
        // Nothing that is there waits for what is to come, which may be the end, or a failure.
        outbox.flush();
        result = await result;
      }
      this.#checkOpen();
      const { value } = result;
      if (value === undefined) break;
      // An empty chunk would be the last one.
      if (value.length === 0) continue;
      if (this.#chunked) outbox.add(`${value.length.toString(16)}\r\n`);
      outbox.add(value);
      if (this.#chunked) outbox.add("\r\n");
      this.#delivery.sent(value.length);
      if (outbox.bytes >= ENOUGH || this.#sending.line.isFull) await this.#flush();
    }
    if (this.#chunked) outbox.add(lastChunk(this.#body.trailers));
    outbox.flush();
    const failure = settled(this.#sending);
    // Waiting for what is no promise costs a turn.
    const reason = failure instanceof Promise ? await failure : failure;
    if (reason !== undefined) throw reason;
  }

  async #flush(): Promise<void> {
    const { line } = this.#sending;
    this.#outbox.flush();
    if (!line.isFull) return;
    await line.untilDrained();
    this.#checkOpen();
  }

  #checkOpen(): void {
    const { line, cancellation } = this.#sending;
    if (line.isOver) throw cancellation.reason ?? clientLeft();
  }
}

/** Waits until the socket has taken everything. */
function settled({
  owner,
  line,
  cancellation,
}: Sending): GatewayError | undefined | Promise<GatewayError | undefined> {
  if (!line.isFull) return line.isOver ? (cancellation.reason ?? clientLeft()) : undefined;
  owner.waitsForClient();
  return line
    .untilDrained()
    .then(() => (line.isOver ? (cancellation.reason ?? clientLeft()) : undefined));
}

function joined(head: string, content: Uint8Array): Buffer {
  const all = Buffer.allocUnsafe(head.length + content.length);
  all.write(head, 0, "latin1");
  all.set(content, head.length);
  return all;
}

function asUtf8(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Whether the answer itself says that the connection is to be closed. */
export function closes({ answer }: Delivery): boolean {
  return hasToken(answer.fields.get("connection"), "close");
}

export function isOfUnknownLength({ answer }: Delivery): boolean {
  const { body } = answer;
  return isReader(body) && body.length === undefined;
}
