import type { Field } from "../../http/field.ts";
import { type ContentReader, type ReadResult, END } from "../../pipeline/content.ts";

/** Content that several read while it arrives. */
export interface Filled {
  readonly length: number | undefined;
  readonly trailers: readonly Field[] | undefined;
  /** The next piece for a reader that has had `count` of them. */
  next(reader: FillingReader, count: number): ReadResult | Promise<ReadResult>;
  /** A reader does not want the rest. */
  left(reader: FillingReader, reason: unknown): void;
}

/** Reads such content from its beginning. */
export class FillingReader implements ContentReader {
  readonly length: number | undefined;
  readonly #filling: Filled;
  #count = 0;
  #isOver = false;
  #waiting: ((result: ReadResult | Promise<ReadResult>) => void) | undefined;

  constructor(filling: Filled) {
    this.#filling = filling;
    this.length = filling.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#filling.trailers;
  }

  read(): ReadResult | Promise<ReadResult> {
    if (this.#isOver) return END;
    const result = this.#filling.next(this, this.#count);
    if (!(result instanceof Promise)) this.#count += 1;
    return result;
  }

  wait(): Promise<ReadResult> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** There may be more. */
  wake(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    waiting(this.read());
  }

  cancel(reason: unknown): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#isOver = true;
    this.#filling.left(this, reason);
    this.wake();
    return Promise.resolve();
  }
}
