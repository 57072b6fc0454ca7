/** A view costs as much as copying this many bytes. */
const COPIED_AT_MOST = 4_096;

/** The bytes from an index on; a view of them if they are many. */
export function restOf(bytes: Buffer, start: number): Buffer {
  return bytes.length - start > COPIED_AT_MOST ? bytes.subarray(start) : copyOf(bytes, start);
}

/**
 * Copies part of a buffer. For the small parts of messages this is several times cheaper than
 * `subarray`, and does not keep the rest of the buffer alive.
 */
export function copyOf(bytes: Buffer, start: number, end = bytes.length): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
