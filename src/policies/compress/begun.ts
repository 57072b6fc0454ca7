import type { Field } from "../../http/field.ts";
import { nextTurn } from "../../time/next-turn.ts";
import { type ContentReader, type ReadResult, END } from "../../pipeline/content.ts";

/**
 * Content of which the beginning has been read, to see how much there is of it. Its reader gets that
 * first.
 */
export class Begun implements ContentReader {
  readonly length: number | undefined;
  readonly #source: ContentReader;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;
  #pending: Promise<ReadResult> | undefined;

  constructor(source: ContentReader) {
    this.#source = source;
    this.length = source.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#source.trailers;
  }

  /** All of it, if that is everything and nothing follows; undefined otherwise. */
  get whole(): Uint8Array | undefined {
    if (!this.#isOver || this.trailers !== undefined) return undefined;
    const [first = NOTHING] = this.#pieces;
    return this.#pieces.length <= 1 ? first : Buffer.concat(this.#pieces);
  }

  /**
   * Reads what is there, and what comes until the end of the turn; no more when it has more than
   * `enough` bytes. Fails if the content breaks off.
   */
  gather(enough: number): undefined | Promise<void> {
    this.#readPresent(enough);
    return this.#pending === undefined ? undefined : this.#waitOneTurn(this.#pending, enough);
  }

  read(): ReadResult | Promise<ReadResult> {
    const value = this.#pieces.shift();
    if (value !== undefined) return { done: false, value };
    if (this.#isOver) return END;
    const pending = this.#pending;
    this.#pending = undefined;
    return pending ?? this.#source.read();
  }

  cancel(reason: unknown): Promise<void> {
    this.#pieces = [];
    this.#isOver = true;
    return this.#source.cancel(reason);
  }

  #readPresent(enough: number): void {
    while (!this.#isOver && this.#bytes <= enough) {
      const result = this.#source.read();
      if (result instanceof Promise) {
        this.#pending = result;
        return;
      }
      this.#take(result);
    }
  }

  async #waitOneTurn(pending: Promise<ReadResult>, enough: number): Promise<void> {
    const result = await Promise.race([pending, nextTurn()]);
    if (result === undefined) return;
    this.#pending = undefined;
    this.#take(result);
    this.#readPresent(enough);
  }

  #take({ value }: ReadResult): void {
    if (value === undefined) this.#isOver = true;
    else if (value.length > 0) {
      this.#pieces.push(value);
      this.#bytes += value.length;
    }
  }
}

const NOTHING = new Uint8Array(0);
