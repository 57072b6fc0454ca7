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
