/**
 * A block's paths stand in groups of one route each, as paths of a route are alike. What is known of a
 * group: how many lines and bytes it has, and which three bytes follow each other somewhere in it, by a
 * bit for each of their hashes. So most patterns can be told from most groups without reading the paths.
 */

/** Bits for the triples of a group. */
const BITS = 2048;
const BYTES = BITS / 8;
const SHIFT = 32 - Math.log2(BITS);

export interface PathGroup {
  /** The place of its first path. */
  readonly first: number;
  readonly count: number;
  /** Where its lines are among the bytes of all. */
  readonly from: number;
  readonly bytes: number;
  readonly triples: Uint8Array;
}

/** The groups' lines, each with a line end before it and one after the last. */
export function encodeGroups(counts: readonly number[], lines: readonly Uint8Array[]): Uint8Array {
  const head = lines.length * 8;
  const data = new Uint8Array(head + lines.length * BYTES);
  const view = new DataView(data.buffer);
  for (const [at, group] of lines.entries()) {
    view.setUint32(at * 8, counts[at] ?? 0, true);
    view.setUint32(at * 8 + 4, group.length, true);
    addTriples(group, data.subarray(head + at * BYTES, head + (at + 1) * BYTES));
  }
  return data;
}

export function decodeGroups(data: Uint8Array): PathGroup[] {
  const count = Math.floor(data.length / (8 + BYTES));
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const groups: PathGroup[] = [];
  let [first, from] = [0, 0];
  for (let at = 0; at < count; at += 1) {
    const lines = view.getUint32(at * 8, true);
    const bytes = view.getUint32(at * 8 + 4, true);
    const triples = data.subarray(count * 8 + at * BYTES, count * 8 + (at + 1) * BYTES);
    groups.push({ first, count: lines, from, bytes, triples });
    first += lines;
    from += bytes;
  }
  return groups;
}

/** The hashes of a text's triples, for `hasTriples`. */
export function triplesOf(bytes: Uint8Array): Uint16Array {
  const hashes = new Uint16Array(Math.max(0, bytes.length - 2));
  for (let at = 0; at < hashes.length; at += 1) {
    hashes[at] = hashOf(bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number);
  }
  return hashes;
}

/** False if none of a group's lines has all of them. */
export function hasTriples({ triples }: PathGroup, hashes: Uint16Array): boolean {
  for (let at = 0; at < hashes.length; at += 1) {
    const hash = hashes[at] as number;
    if (((triples[hash >>> 3] as number) & (1 << (hash & 7))) === 0) return false;
  }
  return true;
}

function addTriples(bytes: Uint8Array, triples: Uint8Array): void {
  let [one, two] = [bytes[0] as number, bytes[1] as number];
  for (let at = 2; at < bytes.length; at += 1) {
    const three = bytes[at] as number;
    const hash = hashOf(one, two, three);
    const bits = triples[hash >>> 3] as number;
    triples[hash >>> 3] = bits | (1 << (hash & 7));
    one = two;
    two = three;
  }
}

const ZERO = 0x30;
/** For each byte 1 if it is a digit. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= ZERO && byte < ZERO + 10 ? 1 : 0,
);

/** Triples with more than one digit are not told apart by these: ids would set all bits. */
function hashOf(one: number, two: number, three: number): number {
  const first = DIGITS[one] as number;
  const second = DIGITS[two] as number;
  const third = DIGITS[three] as number;
  const triple =
    first + second + third < 2
      ? (one << 16) | (two << 8) | three
      : ((first === 0 ? one : ZERO) << 16) |
        ((second === 0 ? two : ZERO) << 8) |
        (third === 0 ? three : ZERO);
  return Math.imul(triple, 0x9e3779b1) >>> SHIFT;
}
