import type { Call } from "./call.ts";

/** Bytes of a request's body that are kept; the rest is only counted. */
const KEPT_BYTES = 2 ** 20;

interface ReceivedBody {
  /** UTF-8, with U+FFFD for invalid bytes. */
  readonly text: string;
  /** The number of bytes received. */
  readonly bytes: number;
  /** True when `text` holds only the first MiB. */
  readonly truncated: boolean;
}

/** Reads the request's body to its end, whatever its size. Rejects when the client leaves. */
export async function readBody(call: Call): Promise<ReceivedBody> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const piece of call.request as AsyncIterable<Buffer>) {
    if (bytes < KEPT_BYTES) kept.push(piece.subarray(0, KEPT_BYTES - bytes));
    bytes += piece.length;
  }
  return { text: Buffer.concat(kept).toString("utf8"), bytes, truncated: bytes > KEPT_BYTES };
}
