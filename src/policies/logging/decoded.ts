import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";

type Decode = (content: Uint8Array, most: number) => Uint8Array;

const ZLIB = { finishFlush: constants.Z_SYNC_FLUSH };

/** By Content-Encoding. Each decodes as much as is there, and throws if the result is larger than `most`. */
const decoders: Readonly<Record<string, Decode>> = {
  gzip: (content, most) => gunzipSync(content, { ...ZLIB, maxOutputLength: most }),
  "x-gzip": (content, most) => gunzipSync(content, { ...ZLIB, maxOutputLength: most }),
  deflate: inflate,
  br: (content, most) =>
    brotliDecompressSync(content, {
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
      maxOutputLength: most,
    }),
  zstd: (content, most) =>
    zstdDecompressSync(content, {
      finishFlush: constants.ZSTD_e_flush,
      maxOutputLength: most,
    }),
};

/** Some servers leave out the outer format that RFC 9110 section 8.4.1.2 asks for. */
function inflate(content: Uint8Array, most: number): Uint8Array {
  const hasHeader =
    ((content[0] ?? 0) & 0x0f) === 8 && (((content[0] ?? 0) << 8) + (content[1] ?? 0)) % 31 === 0;
  const decode = hasHeader ? inflateSync : inflateRawSync;
  return decode(content, { ...ZLIB, maxOutputLength: most });
}

/** Of content that gets far larger, only so much is tried. */
const LESS = 16;

export interface Decoded {
  readonly content: Uint8Array;
  /** Whether it is all that the given bytes contain. */
  readonly isAll: boolean;
}

/**
 * The beginning of content without its coding: what can be made of the given bytes, up to about `most`
 * bytes. Undefined for a coding that is not known, or content that is not in it.
 */
export function decoded(content: Uint8Array, coding: string, most: number): Decoded | undefined {
  const decode = decoders[coding.trim().toLowerCase()];
  if (decode === undefined) return undefined;
  for (const part of [content, content.subarray(0, Math.ceil(content.length / LESS))]) {
    try {
      return { content: decode(part, most), isAll: part === content };
    } catch (error) {
      if (!isTooLarge(error)) return undefined;
    }
  }
  return undefined;
}

/** Whether content is in a coding, and not as it is. */
export function isEncoded(coding: string | null): coding is string {
  return coding !== null && coding !== "" && coding.trim().toLowerCase() !== "identity";
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
