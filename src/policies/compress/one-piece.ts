import { type ContentReader, type ReadResult, END } from "../../pipeline/content.ts";

/** Content that is there, to be read. */
export class OnePiece implements ContentReader {
  readonly length: number;
  #piece: Uint8Array | undefined;

  constructor(piece: Uint8Array) {
    this.#piece = piece;
    this.length = piece.length;
  }

  read(): ReadResult {
    const value = this.#piece;
    this.#piece = undefined;
    return value === undefined ? END : { done: false, value };
  }

  cancel(): Promise<void> {
    this.#piece = undefined;
    return Promise.resolve();
  }
}
