const BYTES = 4;

/** Data with its checksum at the end. */
export function sealed(data: Uint8Array, seed: number): Uint8Array {
  const whole = new Uint8Array(data.length + BYTES);
  whole.set(data);
  new DataView(whole.buffer).setUint32(data.length, Bun.hash.xxHash32(data, seed));
  return whole;
}

/** The data of what `sealed` has made; undefined if it is not as it was: disks and programs damage files. */
export function opened(stored: unknown, seed: number): Uint8Array | undefined {
  if (!(stored instanceof Uint8Array) || stored.length < BYTES) return undefined;
  const length = stored.length - BYTES;
  const data = stored.subarray(0, length);
  const view = new DataView(stored.buffer, stored.byteOffset + length, BYTES);
  return view.getUint32(0) === Bun.hash.xxHash32(data, seed) ? data : undefined;
}
