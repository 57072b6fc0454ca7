import type { Backend } from "../backend.ts";

/** Backends of one weight, at consecutive places. */
interface Group {
  readonly weight: number;
  readonly start: number;
  readonly end: number;
}

/** Whether a backend may get the request. */
type IsOpen = (backend: Backend) => boolean;

/**
 * Weighted rendezvous hashing: every backend draws lots by the key, and the best one has it. Without a
 * backend its keys go to others, each by itself, and no other key moves.
 *
 * With u evenly spread over (0, 1), made of key and backend, the one with the smallest −ln(u)/weight
 * wins, which gives each backend its weight's share (Schindelhauer and Schomaker, Weighted distributed
 * hash tables, 2005). Of backends of one weight that is the one with the largest u, so the search takes
 * one logarithm for each weight that there is.
 */
export class Rendezvous {
  /** By weight. */
  readonly #backends: readonly Backend[];
  readonly #groups: readonly Group[];
  /** Two hashes of each URL: by one alone, a thousand backends might have two that are equal. */
  readonly #firsts: Int32Array;
  readonly #seconds: Int32Array;

  constructor(backends: readonly Backend[]) {
    this.#backends = backends.toSorted((one, other) => one.currentWeight - other.currentWeight);
    this.#groups = groupsOf(this.#backends);
    this.#firsts = Int32Array.from(this.#backends, ({ url }) => Bun.hash.xxHash32(url, 0));
    this.#seconds = Int32Array.from(this.#backends, ({ url }) => Bun.hash.xxHash32(url, 1));
  }

  /** The backend that has the key with this hash, of those that are open; undefined if none is. */
  owner(hash: number, isOpen?: IsOpen): Backend | undefined {
    let owner: Backend | undefined;
    let best = Infinity;
    for (const { weight, start, end } of this.#groups) {
      let largest = -1;
      let drawnBy = 0;
      for (let place = start; place < end; place += 1) {
        const drawn = this.#draw(hash, place);
        if (drawn <= largest) continue;
        const backend = this.#backends[place];
        if (isOpen !== undefined && backend !== undefined && !isOpen(backend)) continue;
        largest = drawn;
        drawnBy = place;
      }
      if (largest === -1) continue;
      const score = -Math.log((largest + 0.5) / 2 ** 32) / weight;
      if (score >= best) continue;
      best = score;
      owner = this.#backends[drawnBy];
    }
    return owner;
  }

  /** A whole number below 2³², by the mixing of MurmurHash3. */
  #draw(hash: number, place: number): number {
    let mixed = hash ^ (this.#firsts[place] ?? 0);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85_eb_ca_6b) ^ (this.#seconds[place] ?? 0);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2_b2_ae_35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
}

function groupsOf(backends: readonly Backend[]): Group[] {
  const groups: Group[] = [];
  for (let start = 0; start < backends.length;) {
    const weight = backends[start]?.currentWeight ?? 1;
    let end = start + 1;
    while (backends[end]?.currentWeight === weight) end += 1;
    groups.push({ weight, start, end });
    start = end;
  }
  return groups;
}
