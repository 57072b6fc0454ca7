/**
 * Copies part of a buffer. For the small parts of messages this is several times cheaper than
 * `subarray`, and does not keep the rest of the buffer alive.
 */
export function copyOf(bytes: Buffer, start: number, end = bytes.length): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
