const BYTES = 4;

interface BlockNumbers {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly from: number;
  readonly to: number;
}

/** What the checksum of a block's summary begins with, so that it covers the block's numbers too. */
export function blockSeed({ first, last, rows, from, to }: BlockNumbers): number {
  return Bun.hash.xxHash32(`${first} ${last} ${rows} ${from} ${to}`);
}

/** The same of a part, which no other part can stand in for. */
export function partSeed(id: number): number {
  return id % 0x1_0000_0000;
}

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
