import type { ContentReader } from "../pipeline/content.ts";

/**
 * Bytes of content that are sent with the header section. With more than 16 KB the runtime sends every
 * name and value of the header section separately, in about fifty system calls.
 */
const FIRST_PIECE = 8_192;

/** The same content with a small first piece. */
export class FirstPiece implements ContentReader {
  readonly #reader: ContentReader;
  #isFirst = true;
  #rest: Uint8Array | undefined;

  constructor(reader: ContentReader) {
    this.#reader = reader;
  }

  read(): ReturnType<ContentReader["read"]> {
    if (this.#isFirst) return this.#readFirst();
    const value = this.#rest;
    if (value === undefined) return this.#reader.read();
    this.#rest = undefined;
    return Promise.resolve({ done: false, value });
  }

  cancel(reason: unknown): Promise<void> {
    this.#rest = undefined;
    return this.#reader.cancel(reason);
  }

  async #readFirst(): ReturnType<ContentReader["read"]> {
    this.#isFirst = false;
    const result = await this.#reader.read();
    const { value } = result;
    if (value === undefined || value.length <= FIRST_PIECE) return result;
    this.#rest = value.subarray(FIRST_PIECE);
    return { done: false, value: value.subarray(0, FIRST_PIECE) };
  }
}
