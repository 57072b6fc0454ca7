import type { Field } from "../http/field.ts";
import type { ContentReader, ReadResult } from "../pipeline/content.ts";

const END: ReadResult = { done: true };

/**
 * Content that can be sent once more to another backend, if one has certainly not acted on the request:
 * its beginning is kept until there is too much of it, or a backend has answered.
 */
export class Repeatable implements ContentReader {
  readonly #source: ContentReader;
  readonly #keepsAtMost: number;
  readonly #isAnswered: () => boolean;
  /** All that the source has handed out, its end too; undefined if that is not kept any more. */
  #kept: ReadResult[] | undefined = [];
  #keptBytes = 0;
  /** How many of those the current reader has got. */
  #at = 0;
  /** How often it has begun again; a reader from before gets nothing more. */
  #round = 0;
  /** What the source has not answered yet. */
  #pending: Promise<ReadResult> | undefined;

  /** `keepsAtMost` is in bytes. */
  constructor(source: ContentReader, keepsAtMost: number, isAnswered: () => boolean) {
    this.#source = source;
    this.#keepsAtMost = keepsAtMost;
    this.#isAnswered = isAnswered;
  }

  get length(): number | undefined {
    return this.#source.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#source.trailers;
  }

  read(): ReadResult | Promise<ReadResult> {
    const known = this.#kept?.[this.#at];
    if (known !== undefined) {
      this.#at += 1;
      return known;
    }
    if (this.#pending !== undefined) return this.#readLater(this.#pending);
    // Nothing is kept any more, so there will be no other reader.
    if (this.#kept === undefined) return this.#source.read();
    const result = this.#source.read();
    if (result instanceof Promise) {
      this.#pending = result;
      return this.#readLater(result);
    }
    this.#keep(result);
    this.#at += 1;
    return result;
  }

  rewind(): boolean {
    if (this.#kept === undefined) return false;
    this.#at = 0;
    this.#round += 1;
    return true;
  }

  cancel(reason: unknown): Promise<void> {
    this.#kept = undefined;
    return this.#source.cancel(reason);
  }

  async #readLater(pending: Promise<ReadResult>): Promise<ReadResult> {
    const round = this.#round;
    const result = await pending;
    // The first of its readers to go on, of whichever round.
    if (this.#pending === pending) {
      this.#pending = undefined;
      this.#keep(result);
    }
    if (round !== this.#round) return END;
    this.#at += 1;
    return result;
  }

  #keep(result: ReadResult): void {
    if (this.#kept === undefined) return;
    this.#keptBytes += result.value?.length ?? 0;
    if (this.#keptBytes > this.#keepsAtMost || this.#isAnswered()) this.#kept = undefined;
    else this.#kept.push(result);
  }
}
