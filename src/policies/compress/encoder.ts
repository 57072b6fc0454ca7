import type { FlushModes, NativeEncoder, OpenNative, StepState } from "./native.ts";
import type { Level } from "./codings.ts";

/**
 * How many bytes are compressed on the thread that serves traffic, 100 to 200 µs of work. To hand them
 * to another thread and back costs 60 µs.
 */
export const MOST_AT_ONCE = 32_768;

/** Lends what encoders need for one step. */
export interface EncoderOwner {
  /** Room for more than one step can put out. */
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
   * Takes bytes in and hands out those that are ready: after `flush` all that the client needs for what
   * has come so far, after `end` the rest. Synchronously if there is little to do.
   */
  encode(input: Uint8Array, until: keyof FlushModes): Uint8Array | Promise<Uint8Array> {
    const work = this.#unprocessed + input.length;
    this.#unprocessed = until === "more" ? work : 0;
    return work <= MOST_AT_ONCE ? this.#now(input, until) : this.#elsewhere(input, until);
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

  #now(input: Uint8Array, until: keyof FlushModes): Uint8Array {
    const scratch = this.#owner.borrowScratch();
    const output = new Output(input, scratch, this.#state);
    const flush = this.#flushModes[until];
    try {
      do {
        this.#native.writeSync(flush, input, output.at, output.left, scratch, 0, scratch.length);
        this.#throwFailure();
      } while (output.isFullAfterStep());
      return output.all;
    } finally {
      this.#owner.returnScratch(scratch);
    }
  }

  async #elsewhere(input: Uint8Array, until: keyof FlushModes): Promise<Uint8Array> {
    const scratch = this.#owner.borrowScratch();
    const output = new Output(input, scratch, this.#state);
    const flush = this.#flushModes[until];
    try {
      do {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#onStep = resolve;
        this.#native.write(flush, input, output.at, output.left, scratch, 0, scratch.length);
        await promise;
        this.#onStep = undefined;
        this.#throwFailure();
      } while (!this.#isClosed && output.isFullAfterStep());
      return output.all;
    } finally {
      this.#owner.returnScratch(scratch);
      if (this.#isClosed) this.#free();
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** The output of one step, which may take several runs. */
class Output {
  at = 0;
  left: number;
  readonly #scratch: Uint8Array;
  readonly #state: StepState;
  #parts: Uint8Array[] = [];

  constructor(input: Uint8Array, scratch: Uint8Array, state: StepState) {
    this.left = input.length;
    this.#scratch = scratch;
    this.#state = state;
  }

  /** Takes what a run has put out. Whether there may be more. */
  isFullAfterStep(): boolean {
    const [room = 0, left = 0] = this.#state;
    const scratch = this.#scratch;
    if (room < scratch.length) this.#parts.push(scratch.slice(0, scratch.length - room));
    this.at += this.left - left;
    this.left = left;
    return room === 0;
  }

  get all(): Uint8Array {
    const [first = NOTHING] = this.#parts;
    return this.#parts.length <= 1 ? first : Buffer.concat(this.#parts);
  }
}

const NOTHING = new Uint8Array(0);
