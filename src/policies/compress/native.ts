import {
  type BrotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  type Gzip,
  type ZstdCompress,
} from "node:zlib";
import { type Coding, type Level, WINDOW_LOG } from "./codings.ts";

/**
 * A stream of the runtime's compression, below the streams of node:zlib, which use it in the same way.
 * Those cost 150 µs more for each answer, and always use another thread.
 */
export interface NativeEncoder {
  /** Calls `onerror` with a message when it fails. */
  init(...settings: readonly unknown[]): void;
  /** Compresses on another thread, and then calls what `init` was given. */
  write: Step;
  /** Compresses at once. */
  writeSync: Step;
  /** Not during `write`. */
  close(): void;
}

/** What is left of the input, and of the room for the output, it puts into the state. */
type Step = (
  flush: number,
  input: Uint8Array,
  inputAt: number,
  inputLength: number,
  output: Uint8Array,
  outputAt: number,
  outputRoom: number,
) => void;

/** How a coding's flush operations are numbered. */
export interface FlushModes {
  readonly more: number;
  readonly flush: number;
  readonly end: number;
}

const OF_ZLIB: FlushModes = {
  more: constants.Z_NO_FLUSH,
  flush: constants.Z_SYNC_FLUSH,
  end: constants.Z_FINISH,
};

const OF_BROTLI: FlushModes = {
  more: constants.BROTLI_OPERATION_PROCESS,
  flush: constants.BROTLI_OPERATION_FLUSH,
  end: constants.BROTLI_OPERATION_FINISH,
};

const OF_ZSTD: FlushModes = {
  more: constants.ZSTD_e_continue,
  flush: constants.ZSTD_e_flush,
  end: constants.ZSTD_e_end,
};

export const flushModes: Readonly<Record<Coding, FlushModes>> = {
  gzip: OF_ZLIB,
  br: OF_BROTLI,
  zstd: OF_ZSTD,
};

/** What a step leaves: [room for output, input]. */
export type StepState = Uint32Array<ArrayBuffer>;

/** The user of a stream. */
export interface NativeUser {
  readonly state: StepState;
  /** After each `write`. */
  stepped(): void;
  /** In place of that, or during `writeSync`. */
  failed(message: string): void;
}

export type OpenNative = (level: Level, user: NativeUser) => NativeEncoder;

/** What opens streams of each coding; to be asked for once. */
export const nativeStreams: Readonly<Record<Coding, () => OpenNative>> = {
  gzip: gzipStreams,
  br: brotliStreams,
  zstd: zstdStreams,
};

function gzipStreams(): OpenNative {
  const Native = classOf(createGzip());
  return (level, user) => {
    const encoder = opened(new Native(constants.GZIP), user);
    encoder.init(WINDOW_BITS, level, MEMORY_LEVEL, STRATEGY, user.state, stepping(user), undefined);
    return encoder;
  };
}

/** Zlib's own defaults. */
const WINDOW_BITS = 15;
const MEMORY_LEVEL = 8;
const STRATEGY = 0;

function brotliStreams(): OpenNative {
  const Native = classOf(createBrotliCompress());
  return (level, user) => {
    const encoder = opened(new Native(constants.BROTLI_ENCODE), user);
    const settings = parameters({
      [constants.BROTLI_PARAM_QUALITY]: level,
      [constants.BROTLI_PARAM_LGWIN]: WINDOW_LOG,
    });
    encoder.init(settings, user.state, stepping(user));
    return encoder;
  };
}

function zstdStreams(): OpenNative {
  const Native = classOf(createZstdCompress());
  return (level, user) => {
    const encoder = opened(new Native(constants.ZSTD_COMPRESS), user);
    const settings = parameters({
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
      ...tablesOf(level <= 4 ? 15 : 17),
    });
    encoder.init(settings, undefined, user.state, stepping(user));
    return encoder;
  };
}

/** The tables that zstd would choose by itself take up to ten times the memory, for 0.2 % of the size. */
function tablesOf(log: number): Record<number, number> {
  return { [constants.ZSTD_c_hashLog]: log, [constants.ZSTD_c_chainLog]: log };
}

/** Parameters by their number, as `init` takes them. */
function parameters(given: Readonly<Record<number, number>>): Uint32Array {
  const numbers = Object.keys(given).map(Number);
  const all = new Uint32Array(Math.max(...numbers) + 1).fill(UNSET);
  for (const number of numbers) all[number] = given[number] ?? UNSET;
  return all;
}

const UNSET = 0xff_ff_ff_ff;

function opened(encoder: NativeEncoder, user: NativeUser): NativeEncoder {
  return Object.assign(encoder, { onerror: (message: string) => user.failed(message) });
}

function stepping(user: NativeUser): () => void {
  return () => user.stepped();
}

/** The runtime gives these classes no name, but each of its streams has an instance of one. */
function classOf(stream: Gzip | BrotliCompress | ZstdCompress): NativeClass {
  const { constructor } = (stream as unknown as HasNative)._handle;
  stream.close();
  return constructor;
}

type NativeClass = new (mode: number) => NativeEncoder;

interface HasNative {
  readonly _handle: { readonly constructor: NativeClass };
}
