import type { Field } from "../http/field.ts";
import { type ContentReader, type ReadResult, END } from "../pipeline/content.ts";

/**
 * Content that can be sent once more: its beginning is kept until there is too much of it, or an answer
 * is passed on. Each attempt reads it by a reader of its own.
 */
export class Repeatable {
  #source: ContentReader;
  readonly #keepsAtMost: number;
  /**
   * All that the source has handed out, its end too. Once it is not to be repeated, what its reader has
   * not had of that.
   */
  readonly #kept: ReadResult[] = [];
  /** How many pieces came before those. */
  #dropped = 0;
  #mayBeRepeated = true;
  #keptBytes = 0;
  /** What the source has not answered yet. */
  #pending: Promise<ReadResult> | undefined;
  #reader: Reading | undefined;
  /** Whether the current reader does not want the rest. */
  #isLeft = false;

  /** `keepsAtMost` is in bytes. */
  constructor(source: ContentReader, keepsAtMost: number) {
    this.#source = source;
    this.#keepsAtMost = keepsAtMost;
  }

  /** Has another reader of the source in its place; before the first reading. */
  readThrough(wrap: (source: ContentReader) => ContentReader): void {
    this.#source = wrap(this.#source);
  }

  /** Reads it from its first byte on. Readers from before get nothing more. */
  reader(): ContentReader {
    this.#isLeft = false;
    this.#reader = new Reading(this, this.#source);
    return this.#reader;
  }

  /** Whether all that was read is kept, and has at most so many bytes. */
  isKeptWithin(bytes: number): boolean {
    return this.#mayBeRepeated && this.#keptBytes <= bytes;
  }

  /** An answer is passed on, so it will not be sent again. */
  answered(): void {
    this.#mayBeRepeated = false;
    if (this.#isLeft) void this.cancel(new Error("the backend did not read the rest"));
  }

  /** It will not be sent again, and nobody wants the rest. */
  cancel(reason: unknown): Promise<void> {
    this.#mayBeRepeated = false;
    return this.#source.cancel(reason);
  }

  // For its readers.

  isReadBy(reader: Reading): boolean {
    return this.#reader === reader;
  }

  /** What it was handed out in the given place. */
  pieceAt(index: number): ReadResult | Promise<ReadResult> {
    if (!this.#mayBeRepeated) this.#dropBefore(index);
    const known = this.#kept[index - this.#dropped];
    if (known !== undefined) return known;
    if (this.#pending !== undefined) return this.#pending;
    const result = this.#source.read();
    // There will be no other reader.
    if (!this.#mayBeRepeated) return result;
    if (!(result instanceof Promise)) return this.#keep(result);
    this.#pending = this.#keepLater(result);
    return this.#pending;
  }

  /** The reader does not want the rest; another attempt may, if there can be one. */
  leave(reason: unknown): Promise<void> {
    this.#isLeft = true;
    return this.#mayBeRepeated ? Promise.resolve() : this.cancel(reason);
  }

  async #keepLater(pending: Promise<ReadResult>): Promise<ReadResult> {
    try {
      return this.#keep(await pending);
    } finally {
      this.#pending = undefined;
    }
  }

  #keep(result: ReadResult): ReadResult {
    this.#keptBytes += result.value?.length ?? 0;
    if (this.#keptBytes > this.#keepsAtMost) this.#mayBeRepeated = false;
    // Also what is too much: its reader may have begun again, and not have come so far.
    this.#kept.push(result);
    return result;
  }

  #dropBefore(index: number): void {
    const count = Math.min(index - this.#dropped, this.#kept.length);
    if (count <= 0) return;
    this.#kept.splice(0, count);
    this.#dropped += count;
  }
}

/** One reader of it. */
class Reading implements ContentReader {
  readonly #content: Repeatable;
  readonly #source: ContentReader;
  #at = 0;
  /** How often it has begun again. */
  #round = 0;

  constructor(content: Repeatable, source: ContentReader) {
    this.#content = content;
    this.#source = source;
  }

  get length(): number | undefined {
    return this.#source.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#source.trailers;
  }

  read(): ReadResult | Promise<ReadResult> {
    // To look like the end would make a backend act on half of the content.
    if (!this.#content.isReadBy(this)) return Promise.reject(new Error(SENT_ELSEWHERE));
    const result = this.#content.pieceAt(this.#at);
    if (result instanceof Promise) return this.#readLater(result);
    this.#at += 1;
    return result;
  }

  rewind(): boolean {
    if (!this.#content.isReadBy(this) || !this.#content.isKeptWithin(Infinity)) return false;
    this.#at = 0;
    this.#round += 1;
    return true;
  }

  cancel(reason: unknown): Promise<void> {
    return this.#content.isReadBy(this) ? this.#content.leave(reason) : Promise.resolve();
  }

  async #readLater(pending: Promise<ReadResult>): Promise<ReadResult> {
    const round = this.#round;
    const result = await pending;
    if (!this.#content.isReadBy(this)) throw new Error(SENT_ELSEWHERE);
    if (round !== this.#round) return END;
    this.#at += 1;
    return result;
  }
}

const SENT_ELSEWHERE = "the content is sent to another backend";
