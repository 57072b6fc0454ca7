import type { Field } from "../http/field.ts";
import { type ContentReader, type ContentViewer, type ReadResult, END } from "./content.ts";

/** The sender of content, as far as the reader controls it. */
export interface Flow {
  /** Something waits for a reader that does not come: stop sending. */
  pause(): void;
  resume(): void;
  /** The rest is not needed. */
  abandon(reason: unknown): void;
  /** So many bytes do not wait any more: the sender may send as much again. */
  taken?(bytes: number): void;
  /** Before the first reading; a client may wait for it with its content. */
  wanted?(): void;
}

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Bytes that wait for a reader before the sender is stopped. */
const ENOUGH_WAITING = 262_144;
/**
 * Pieces of at most so many bytes are copied together while they wait: a peer that sends a byte at a
 * time costs far more by the number of its pieces than by their bytes.
 */
const SMALL = 4_096;
const GATHERED = 8_192;

/** Content as it arrives from a peer: the socket's side hands pieces in, one reader takes them out. */
export class IncomingContent implements ContentReader {
  /** As announced, in bytes; undefined if unknown. */
  readonly length: number | undefined;
  /** Whether all of it has arrived. */
  complete = false;
  /** Fields after the content; undefined without any, and until it is complete. */
  trailers: readonly Field[] | undefined = undefined;
  readonly #flow: Flow;
  #pieces: Uint8Array[] = [];
  /** What the last piece was copied to, if small pieces follow each other. */
  #gathered: Gathered | undefined;
  #waitingBytes = 0;
  #isPaused = false;
  #isWanted = false;
  #reading: Waiting<ReadResult> | undefined;
  #collecting: (Waiting<Uint8Array> & { readonly all: Uint8Array; at: number }) | undefined;
  #failure: Error | undefined;
  /** What a reader has put back: the beginning. */
  #returned: Uint8Array | undefined;
  #viewer: ContentViewer | undefined;

  constructor(length: number | undefined, flow: Flow) {
    this.length = length;
    this.#flow = flow;
  }

  /** Whether somebody has begun to read it, and has not given up. */
  get isBeingRead(): boolean {
    return this.#isWanted && !this.complete;
  }

  /** Bytes that have to wait are kept; many small pieces become a few larger ones. */
  push(piece: Uint8Array): void {
    this.#viewer?.see(piece);
    this.#accept(piece);
  }

  /** Shows it as it arrives, whether or not it is read; first what waits for a reader. Replaces another viewer. */
  showTo(viewer: ContentViewer): void {
    this.#viewer = viewer;
    if (this.#returned !== undefined) viewer.see(this.#returned);
    for (const piece of this.#pieces) viewer.see(piece);
    if (this.complete) viewer.end();
  }

  #accept(piece: Uint8Array): void {
    const collecting = this.#collecting;
    if (collecting !== undefined) {
      collecting.all.set(piece, collecting.at);
      collecting.at += piece.length;
      this.#flow.taken?.(piece.length);
      return;
    }
    const reading = this.#reading;
    if (reading !== undefined) {
      this.#reading = undefined;
      this.#flow.taken?.(piece.length);
      reading.resolve({ done: false, value: piece });
      return;
    }
    this.#keep(piece);
    this.#waitingBytes += piece.length;
    if (this.#waitingBytes > ENOUGH_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
  }

  #keep(piece: Uint8Array): void {
    const pieces = this.#pieces;
    const last = pieces.at(-1);
    if (last === undefined || piece.length > SMALL) {
      pieces.push(piece);
      return;
    }
    const gathered = this.#gathered;
    if (gathered?.used === last && gathered.add(piece)) pieces[pieces.length - 1] = gathered.used;
    else {
      this.#gathered = new Gathered(piece);
      pieces.push(this.#gathered.used);
    }
  }

  /** All of it has been handed in. */
  finish(trailers?: readonly Field[]): void {
    if (this.complete) return;
    this.trailers = trailers;
    this.complete = true;
    this.#viewer?.end();
    this.#reading?.resolve(END);
    this.#reading = undefined;
    this.#collecting?.resolve(this.#collecting.all.subarray(0, this.#collecting.at));
    this.#collecting = undefined;
  }

  /** The rest will not come. What arrived before can still be read. */
  fail(error: Error): void {
    if (this.complete || this.#failure !== undefined) return;
    this.#failure = error;
    this.#reading?.reject(error);
    this.#reading = undefined;
    this.#collecting?.reject(error);
    this.#collecting = undefined;
  }

  /** Why the rest will not come; undefined if it may. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** What has arrived, if that is everything, in one piece; undefined otherwise. */
  takeWhole(): Uint8Array | undefined {
    const returned = this.#returned;
    const others = this.#pieces.length;
    if (!this.complete || others > 1 || (others > 0 && returned !== undefined)) return undefined;
    const [piece = returned ?? NOTHING] = this.#pieces;
    this.#returned = undefined;
    this.#pieces.length = 0;
    this.#takeWaiting();
    return piece;
  }

  /** All of it: at most `length` bytes. Rejects if it breaks off. Takes the place of `read`. */
  whole(length: number): Promise<Uint8Array> {
    const present = this.takeWhole();
    if (present !== undefined) return Promise.resolve(present);
    this.#want();
    return new Promise((resolve, reject) => {
      const all = new Uint8Array(length);
      const returned = this.#returned ?? NOTHING;
      this.#returned = undefined;
      all.set(returned);
      this.#collecting = { all, at: returned.length, resolve, reject };
      const pieces = this.#pieces;
      this.#pieces = [];
      this.#waitingBytes = 0;
      for (const piece of pieces) this.#accept(piece);
      const failure = this.#failure;
      if (this.complete) {
        this.complete = false;
        this.finish(this.trailers);
      } else if (failure !== undefined) {
        this.#collecting = undefined;
        reject(failure);
      } else this.#resume();
    });
  }

  /** Gives back everything that was read of it so far, in one piece, for another reader. */
  putBack(bytes: Uint8Array): void {
    this.#returned = bytes.length === 0 ? undefined : bytes;
  }

  read(): ReadResult | Promise<ReadResult> {
    const returned = this.#returned;
    if (returned !== undefined) {
      this.#returned = undefined;
      return { done: false, value: returned };
    }
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#waitingBytes -= piece.length;
      this.#flow.taken?.(piece.length);
      return { done: false, value: piece };
    }
    if (this.complete) return END;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#want();
    this.#resume();
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject };
    });
  }

  cancel(reason: unknown): Promise<void> {
    this.#pieces = [];
    this.#gathered = undefined;
    this.#returned = undefined;
    this.#takeWaiting();
    if (!this.complete && this.#failure === undefined) {
      this.#viewer = undefined;
      // A pending read ends.
      this.finish();
      this.#flow.abandon(reason);
    }
    return Promise.resolve();
  }

  #takeWaiting(): void {
    const bytes = this.#waitingBytes;
    this.#waitingBytes = 0;
    if (bytes > 0) this.#flow.taken?.(bytes);
  }

  #want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#flow.wanted?.();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#flow.resume();
  }
}

const NOTHING = new Uint8Array(0);

/** Small pieces, one after the other. */
class Gathered {
  readonly #room = new Uint8Array(GATHERED);
  used: Uint8Array;

  constructor(first: Uint8Array) {
    this.#room.set(first);
    this.used = this.#room.subarray(0, first.length);
  }

  /** False if there is no room for it. */
  add(piece: Uint8Array): boolean {
    const { length } = this.used;
    if (length + piece.length > GATHERED) return false;
    this.#room.set(piece, length);
    this.used = this.#room.subarray(0, length + piece.length);
    return true;
  }
}
