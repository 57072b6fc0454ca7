import type { ContentViewer } from "../../pipeline/content.ts";

const ROOM_AT_FIRST = 1_024;

/** Keeps the beginning of content, up to a limit in bytes. */
export class Beginning implements ContentViewer {
  /** Bytes that have been seen. */
  bytes = 0;
  /** Whether the content has been seen to its end. */
  isComplete = false;
  readonly #limit: number;
  #room = NOTHING;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether it is all of what has been seen. */
  get isAll(): boolean {
    return this.#used === this.bytes;
  }

  get kept(): Uint8Array {
    return this.#room.subarray(0, this.#used);
  }

  see(piece: Uint8Array): void {
    this.bytes += piece.length;
    const wanted = Math.min(piece.length, this.#limit - this.#used);
    if (wanted <= 0) return;
    if (this.#used + wanted > this.#room.length) this.#grow(this.#used + wanted);
    this.#room.set(wanted === piece.length ? piece : piece.subarray(0, wanted), this.#used);
    this.#used += wanted;
  }

  end(): void {
    this.isComplete = true;
  }

  #grow(least: number): void {
    const size = Math.max(least, Math.min(this.#limit, Math.max(ROOM_AT_FIRST, 2 * this.#used)));
    const larger = new Uint8Array(size);
    larger.set(this.kept);
    this.#room = larger;
  }
}

const NOTHING = new Uint8Array(0);
