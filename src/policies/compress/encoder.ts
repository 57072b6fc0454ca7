import type { FlushModes, NativeEncoder, OpenNative, StepState } from "./native.ts";
import type { Level } from "./codings.ts";

/**
 * How many bytes are compressed on the thread that serves traffic, 100 to 200 µs of work. To hand them
 * to another thread and back costs 60 µs.
 */
export const MOST_AT_ONCE = 32_768;

/** What a step is to hand out. */
export type Until = keyof FlushModes;

/** Lends what encoders need for one step. */
export interface EncoderOwner {
  /** Room for more than one step takes in or puts out. */
  borrowScratch(): Uint8Array;
  returnScratch(scratch: Uint8Array): void;
  /** The encoder's memory has been freed. */
  freed(): void;
}

/** Compresses a stream. One step at a time. It must be closed in the end. */
export class Encoder {
  readonly #native: NativeEncoder;
  readonly #flushModes: FlushModes;
  readonly #owner: EncoderOwner;
  readonly #state: StepState = new Uint32Array(2);
  /** Bytes that it may have taken and not compressed yet. */
  #unprocessed = 0;
  #failure: Error | undefined;
  #onStep: (() => void) | undefined;
  #isClosed = false;

  constructor(open: OpenNative, level: Level, modes: FlushModes, owner: EncoderOwner) {
    this.#owner = owner;
    this.#flushModes = modes;
    this.#native = open(level, {
      state: this.#state,
      stepped: () => this.#onStep?.(),
      failed: (message) => {
        this.#failure = new Error(message);
        this.#onStep?.();
      },
    });
  }

  /**
   * Takes pieces in, at most 256 KiB of them, and hands out what is ready: after `flush` all that the
   * client needs for what has come so far, after `end` the rest. Synchronously if there is little to do.
   */
  encode(pieces: readonly Uint8Array[], until: Until): Uint8Array | Promise<Uint8Array> {
    const step = new Step(pieces, this.#owner);
    const work = this.#unprocessed + step.left;
    this.#unprocessed = until === "more" ? work : 0;
    const flush = this.#flushModes[until];
    return work <= MOST_AT_ONCE ? this.#now(step, flush) : this.#elsewhere(step, flush);
  }

  /** Frees its memory, as soon as no step is under way. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#onStep === undefined) this.#free();
  }

  #free(): void {
    this.#native.close();
    this.#owner.freed();
  }

  #now(step: Step, flush: number): Uint8Array {
    try {
      do {
        const { input, at, left, scratch } = step;
        this.#native.writeSync(flush, input, at, left, scratch, 0, scratch.length);
        this.#throwFailure();
      } while (step.mayHaveMore(this.#state));
      return step.output;
    } finally {
      step.end();
    }
  }

  async #elsewhere(step: Step, flush: number): Promise<Uint8Array> {
    try {
      do {
        const { input, at, left, scratch } = step;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#onStep = resolve;
        this.#native.write(flush, input, at, left, scratch, 0, scratch.length);
        await promise;
        this.#onStep = undefined;
        this.#throwFailure();
      } while (!this.#isClosed && step.mayHaveMore(this.#state));
      return step.output;
    } finally {
      step.end();
      if (this.#isClosed) this.#free();
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** The input and the output of one step, which may take several runs. */
class Step {
  readonly input: Uint8Array;
  /** What of the input has not been taken: where it begins, and how much it is. */
  at = 0;
  left: number;
  /** Room for the output of one run. */
  readonly scratch: Uint8Array;
  readonly #owner: EncoderOwner;
  /** Where several pieces are put together, which costs less than a run for each. */
  readonly #joined: Uint8Array | undefined;
  readonly #parts: Uint8Array[] = [];

  constructor(pieces: readonly Uint8Array[], owner: EncoderOwner) {
    const [first = NOTHING] = pieces;
    this.#owner = owner;
    this.scratch = owner.borrowScratch();
    this.#joined = pieces.length > 1 ? owner.borrowScratch() : undefined;
    this.input = this.#joined === undefined ? first : join(pieces, this.#joined);
    this.left = this.input.length;
  }

  /** Takes what a run has put out. Whether there may be more. */
  mayHaveMore([room = 0, left = 0]: StepState): boolean {
    const { scratch } = this;
    if (room < scratch.length) this.#parts.push(scratch.slice(0, scratch.length - room));
    this.at += this.left - left;
    this.left = left;
    return room === 0;
  }

  get output(): Uint8Array {
    const [first = NOTHING] = this.#parts;
    return this.#parts.length <= 1 ? first : Buffer.concat(this.#parts);
  }

  /** Returns what was borrowed. */
  end(): void {
    this.#owner.returnScratch(this.scratch);
    if (this.#joined !== undefined) this.#owner.returnScratch(this.#joined);
  }
}

function join(pieces: readonly Uint8Array[], into: Uint8Array): Uint8Array {
  let at = 0;
  for (const piece of pieces) {
    into.set(piece, at);
    at += piece.length;
  }
  return into.subarray(0, at);
}

const NOTHING = new Uint8Array(0);
