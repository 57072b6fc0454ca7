/**
 * A copy of a part. For the small parts that messages have it costs a fraction of a `subarray`, and
 * does not hold on to the rest.
 */
export function copyOf(bytes: Buffer, start: number, end = bytes.length): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
