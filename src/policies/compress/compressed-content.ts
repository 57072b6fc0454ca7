import type { Field } from "../../http/field.ts";
import { digestFields } from "../../http/fields.ts";
import { type ContentReader, type ReadResult, END } from "../../pipeline/content.ts";
import type { Clock } from "../../time/clock.ts";
import type { Encoder, Until } from "./encoder.ts";

/** How long content may wait for more to be compressed together with it, in milliseconds. */
const MOST_DELAY_MS = 10;
/**
 * Bytes that are compressed in one step, and up to twice as many: handing smaller pieces to another
 * thread would cost as much as compressing them.
 */
const BATCH = 131_072;

/**
 * Content that is compressed as it passes. It is read only on demand, one step ahead at most. Whatever
 * has arrived is on its way to the client 10 ms later, whether or not more follows.
 */
export class CompressedContent implements ContentReader {
  readonly #source: ContentReader;
  readonly #encoder: Encoder;
  readonly #clock: Clock;
  /** What the encoder has not got yet, in pieces of at most a batch. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** When the oldest of the bytes arrived that have not been handed out; undefined without any. */
  #heldSince: number | undefined;
  #pending: Promise<ReadResult> | undefined;
  #isOver = false;

  constructor(source: ContentReader, encoder: Encoder, clock: Clock) {
    this.#source = source;
    this.#encoder = encoder;
    this.#clock = clock;
  }

  get trailers(): readonly Field[] | undefined {
    const kept = this.#source.trailers?.filter(({ name }) => !DIGESTS.has(name));
    return kept?.length === 0 ? undefined : kept;
  }

  async read(): Promise<ReadResult> {
    try {
      while (!this.#isOver) {
        const until = await this.#fill();
        // It was cancelled meanwhile; so below.
        if (this.#isOver) break;
        const value = await this.#encoder.encode(this.#takeBatch(), until);
        if (this.#isOver) break;
        if (until === "end") this.#finish();
        this.#heldSince = until === "more" ? this.#clock.monotonic() : undefined;
        if (value.length > 0) return { done: false, value };
      }
      return END;
    } catch (error) {
      // No end of the coding is sent, so that the answer never looks complete.
      this.#finish();
      void this.#source.cancel(error);
      throw error;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#finish();
    await this.#source.cancel(reason);
  }

  /** Reads until there is something to do, and answers what. */
  async #fill(): Promise<Until> {
    while (this.#waitingBytes < BATCH) {
      const result = this.#pending ?? this.#source.read();
      if (result instanceof Promise && !(await this.#arrivesInTime(result))) return "flush";
      const { value } = result instanceof Promise ? await result : result;
      if (value === undefined) return "end";
      this.#collect(value);
    }
    return "more";
  }

  /** False if what has come before must not wait for it any longer. */
  async #arrivesInTime(pending: Promise<ReadResult>): Promise<boolean> {
    const heldSince = this.#heldSince;
    if (heldSince !== undefined) {
      const left = heldSince + MOST_DELAY_MS - this.#clock.monotonic();
      this.#pending = pending;
      if (!(await this.#settlesWithin(pending, left))) return false;
    }
    this.#pending = undefined;
    return true;
  }

  /** Whether it settles, in whichever way, within so many milliseconds. */
  #settlesWithin(pending: Promise<ReadResult>, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = this.#clock.schedule(Math.max(0, milliseconds), () => resolve(false));
      const settled = () => {
        stop();
        resolve(true);
      };
      pending.then(settled, settled);
    });
  }

  #collect(piece: Uint8Array): void {
    if (piece.length === 0) return;
    for (let at = 0; at < piece.length; at += BATCH) {
      this.#waiting.push(piece.subarray(at, at + BATCH));
    }
    this.#waitingBytes += piece.length;
    this.#heldSince ??= this.#clock.monotonic();
  }

  #takeBatch(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < BATCH) {
      const piece = this.#waiting.shift();
      if (piece === undefined) break;
      pieces.push(piece);
      bytes += piece.length;
    }
    this.#waitingBytes -= bytes;
    return pieces;
  }

  #finish(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#encoder.close();
  }
}

const DIGESTS: ReadonlySet<string> = new Set(digestFields);
