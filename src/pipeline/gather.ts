import type { Field } from "../http/field.ts";
import type { ContentReader, ReadResult } from "./content.ts";

/** Content of which the beginning has been read: all of it, if it is not larger than wanted. */
export interface Gathered {
  /** Undefined if there is more than was wanted. */
  readonly whole: Uint8Array | undefined;
  /** The same content from its first byte on, for a reader. */
  readonly content: ContentReader;
}

/** Reads content up to `most` bytes. Rejects if it breaks off before that. */
export async function gather(content: ContentReader, most: number): Promise<Gathered> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const result = content.read();
    const { value } = result instanceof Promise ? await result : result;
    if (value !== undefined) {
      pieces.push(value);
      bytes += value.length;
      if (bytes <= most) continue;
    }
    return {
      whole: value === undefined ? joined(pieces) : undefined,
      content: new Begun(pieces, content),
    };
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

/** Content whose first pieces have been read already. */
class Begun implements ContentReader {
  readonly #pieces: Uint8Array[];
  readonly #rest: ContentReader;

  constructor(pieces: Uint8Array[], rest: ContentReader) {
    this.#pieces = pieces;
    this.#rest = rest;
  }

  get length(): number | undefined {
    return this.#rest.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#rest.trailers;
  }

  get explainsFailure(): boolean {
    return this.#rest.explainsFailure === true;
  }

  read(): ReadResult | Promise<ReadResult> {
    const value = this.#pieces.shift();
    return value === undefined ? this.#rest.read() : { done: false, value };
  }

  cancel(reason: unknown): Promise<void> {
    this.#pieces.length = 0;
    return this.#rest.cancel(reason);
  }
}
