import type { ContentReader } from "../pipeline/content.ts";
import { chunkOf, lastChunk } from "../wire/chunked.ts";
import type { Line } from "./line.ts";

/** A request's content on its way to a backend, piece by piece. */
export class Upload {
  readonly #reader: ContentReader;
  readonly #line: Line;
  readonly #chunked: boolean;
  #isCancelled = false;

  constructor(reader: ContentReader, line: Line, chunked: boolean) {
    this.#reader = reader;
    this.#line = line;
    this.#chunked = chunked;
  }

  /** Resolves at its end, or when it was cancelled. Rejects if the content breaks off. */
  async send(): Promise<void> {
    const line = this.#line;
    for (;;) {
      const { value } = await this.#reader.read();
      if (this.#isCancelled) return;
      if (value === undefined) break;
      // An empty chunk would be the last one.
      if (value.length === 0) continue;
      line.write(this.#chunked ? chunkOf(value) : value);
      if (line.isFull) await line.untilDrained();
      if (this.#isCancelled) return;
    }
    if (this.#chunked) line.write(Buffer.from(lastChunk(this.#reader.trailers), "latin1"));
  }

  /** The rest is not wanted. */
  cancel(reason: unknown): void {
    this.#isCancelled = true;
    void this.#reader.cancel(reason);
  }
}
