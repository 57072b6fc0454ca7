import { type Coding, type Level, memoryOf } from "./codings.ts";
import { Encoder } from "./encoder.ts";
import { flushModes, nativeStreams, type OpenNative } from "./native.ts";

/**
 * The memory of all streams that are being compressed, in bytes: some 300 of gzip, 150 of zstd or
 * 70 of brotli. A slow client holds its stream for as long as it reads, so these have a limit of their own.
 */
const MOST_MEMORY = 134_217_728;

/**
 * Room for the input or the output of one step, more than any has. (Output that filled it would need
 * another run, in which zstd appends an empty frame.)
 */
const SCRATCH = 524_288;
/** Scratch buffers that are kept; two are in use for each thread that compresses. */
const MOST_SCRATCH = 8;

/** Opens encoders for all routes, within one bound of memory. */
export class Encoders {
  readonly #natives = new Map<Coding, OpenNative>();
  readonly #scratch: Uint8Array[] = [];
  #free: number;

  constructor(mostMemory = MOST_MEMORY) {
    this.#free = mostMemory;
  }

  /** Undefined if there is no memory for it. */
  open(coding: Coding, level: Level): Encoder | undefined {
    const memory = memoryOf[coding](level);
    if (memory > this.#free) return undefined;
    const encoder = new Encoder(this.#nativeOf(coding), level, flushModes[coding], {
      borrowScratch: () => this.#scratch.pop() ?? new Uint8Array(SCRATCH),
      returnScratch: (scratch) => {
        if (this.#scratch.length < MOST_SCRATCH) this.#scratch.push(scratch);
      },
      freed: () => {
        this.#free += memory;
      },
    });
    this.#free -= memory;
    return encoder;
  }

  #nativeOf(coding: Coding): OpenNative {
    let native = this.#natives.get(coding);
    if (native === undefined) {
      native = nativeStreams[coding]();
      this.#natives.set(coding, native);
    }
    return native;
  }
}
