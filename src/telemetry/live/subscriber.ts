import type { ExchangeRecord } from "../record.ts";

/** Characters that may wait for a reader. One that lets more wait is dropped. */
const MOST_WAITING = 524_288;

export type RecordTest = (record: ExchangeRecord) => boolean;

interface Wanted {
  readonly wants: RecordTest | undefined;
  readonly mayWatch: (() => boolean) | undefined;
}

/**
 * One reader of live events: a stream of server-sent events, whose reader asks for pieces. What it has
 * not asked for yet waits here, up to a limit; who reads too slowly is dropped, and connects again.
 */
export class Subscriber {
  /** Which rows it wants; undefined for none. */
  readonly wants: RecordTest | undefined;
  /** Whether it is still let in. */
  readonly mayWatch: () => boolean;
  readonly stream: ReadableStream<Uint8Array>;
  /** Rows for its next event, and how many there was no room for. */
  readonly pending: string[] = [];
  skipped = 0;
  readonly #onEnd: (subscriber: Subscriber) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waiting: string[] = [];
  #length = 0;
  #isAsked = false;
  #isOver = false;

  /** `onEnd`: called once, when it reads no more or was dropped. */
  constructor({ wants, mayWatch = () => true }: Wanted, onEnd: (subscriber: Subscriber) => void) {
    this.wants = wants;
    this.mayWatch = mayWatch;
    this.#onEnd = onEnd;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#isAsked = true;
          this.#pass();
        },
        cancel: () => this.#over(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Text in the form of server-sent events. */
  send(text: string): void {
    if (this.#isOver) return;
    this.#waiting.push(text);
    this.#length += text.length;
    if (this.#isAsked) this.#pass();
    else if (this.#length > MOST_WAITING) this.end();
  }

  /** Ends the stream; what waits is lost. */
  end(): void {
    if (this.#isOver) return;
    this.#over();
    this.#controller?.close();
  }

  #pass(): void {
    if (this.#length === 0 || this.#isOver) return;
    this.#isAsked = false;
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#length = 0;
    this.#controller?.enqueue(Buffer.from(text));
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting = [];
    this.#length = 0;
    this.#onEnd(this);
  }
}
