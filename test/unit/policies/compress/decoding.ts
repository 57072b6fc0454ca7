import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ContentReader } from "../../../../src/pipeline/content.ts";
import type { Coding } from "../../../../src/policies/compress/codings.ts";

const DECODERS: Readonly<Record<Coding, (bytes: Uint8Array) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  zstd: (bytes) => zstdDecompressSync(bytes),
};

/** What was compressed; throws if the end is missing. */
export function decodeBytes(coding: string | null, bytes: Uint8Array): Buffer {
  return DECODERS[coding as Coding](bytes);
}

export function decode(coding: string | null, bytes: Uint8Array): string {
  return decodeBytes(coding, bytes).toString();
}

export async function decoded(response: Response): Promise<string> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  return decode(response.headers.get("content-encoding"), bytes);
}

/** All that is left to read. */
export async function readAll(reader: ContentReader): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return Buffer.concat(pieces);
    pieces.push(value);
  }
}

/** Text like an API's, of that many characters, that is different everywhere. */
export function jsonOf(length: number): string {
  let text = "[";
  for (let id = 0; text.length < length; id += 1) {
    text += `{"id":${id},"name":"user ${(id * 7_919) % 9_973}","active":${id % 3 === 0}},`;
  }
  return text.slice(0, length);
}
