import type { Field } from "../../http/field.ts";
import type { ContentReader, ReadResult } from "../../pipeline/content.ts";

/**
 * Content on its way that is copied as it passes, up to a bound. `onCopied` gets the copy when all of it
 * has passed, or undefined as soon as it is too long; nothing if it breaks off.
 */
export class CopiedContent implements ContentReader {
  readonly #source: ContentReader;
  readonly #most: number;
  readonly #onCopied: (copy: Uint8Array | undefined) => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Whether `onCopied` has been called. */
  #isOver = false;

  constructor(
    source: ContentReader,
    most: number,
    onCopied: (copy: Uint8Array | undefined) => void,
  ) {
    this.#source = source;
    this.#most = most;
    this.#onCopied = onCopied;
  }

  get length(): number | undefined {
    return this.#source.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#source.trailers;
  }

  read(): ReadResult | Promise<ReadResult> {
    const result = this.#source.read();
    return result instanceof Promise ? this.#readLater(result) : this.#copy(result);
  }

  cancel(reason: unknown): Promise<void> {
    this.#pieces = [];
    this.#isOver = true;
    return this.#source.cancel(reason);
  }

  async #readLater(pending: Promise<ReadResult>): Promise<ReadResult> {
    return this.#copy(await pending);
  }

  #copy(result: ReadResult): ReadResult {
    if (this.#isOver) return result;
    if (result.value === undefined) {
      this.#end(Buffer.concat(this.#pieces));
      return result;
    }
    this.#bytes += result.value.length;
    if (this.#bytes > this.#most) this.#end(undefined);
    else this.#pieces.push(result.value);
    return result;
  }

  #end(copy: Uint8Array | undefined): void {
    this.#isOver = true;
    this.#pieces = [];
    this.#onCopied(copy);
  }
}
