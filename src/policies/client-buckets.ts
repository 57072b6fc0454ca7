import { type BucketSize, TokenBucket } from "./token-bucket.ts";

/**
 * A bucket for each client, for a bounded number of clients, at a constant cost per request.
 *
 * There are two generations of buckets. A client's request moves its bucket into the young one. At
 * each turn the young generation becomes the old one, and the old one is dropped. A turn comes when
 *
 * - the time has passed in which any bucket fills: buckets that are dropped then have not been used
 *   for so long that they are full, and a new one is no different;
 * - the young generation holds half of all buckets that may be held: then clients are dropped that
 *   sent nothing while at least that many others did, and they come back to a full bucket. The only
 *   other ways to stay within bounds are to refuse new clients or to let them share a bucket, and
 *   with either a crowd of addresses could shut everybody else out.
 */
export class ClientBuckets {
  readonly #size: BucketSize;
  readonly #generation: number;
  readonly #turnAfter: number;
  #young = new Map<string, TokenBucket>();
  #old = new Map<string, TokenBucket>();
  #turnedAt = 0;

  constructor(size: BucketSize, clientsAtMost = 100_000) {
    this.#size = size;
    this.#generation = Math.max(1, Math.floor(clientsAtMost / 2));
    this.#turnAfter = size.fillTime / 1000;
  }

  /** How many buckets are held. */
  get count(): number {
    return this.#young.size + this.#old.size;
  }

  /** The bucket of the client at an address. `now` is monotonic, in milliseconds. */
  bucketFor(address: string, now: number): TokenBucket {
    if (now - this.#turnedAt >= this.#turnAfter) this.#turn(now);
    const client = clientNetwork(address);
    const young = this.#young.get(client);
    if (young !== undefined) return young;
    const known = this.#old.get(client);
    if (known !== undefined) this.#old.delete(client);
    const bucket = known ?? new TokenBucket(this.#size);
    if (this.#young.size >= this.#generation) this.#turn(now);
    this.#young.set(client, bucket);
    return bucket;
  }

  #turn(now: number): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#turnedAt = now;
  }
}

/**
 * What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, because one
 * subscriber has all addresses below them. All spellings of one network give the same text.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  const gap = address.indexOf("::");
  const groups = (gap === -1 ? address : address.slice(0, gap)).split(":", 4);
  if (groups[0] === "") groups.pop();
  if (groups.length < 4) {
    const after = address.slice(gap + 2).split(":");
    // An embedded IPv4 address is written as one group and counts as two.
    const written = groups.length + after.length + (address.includes(".") ? 1 : 0);
    for (let missing = 8 - written; missing > 0; missing -= 1) groups.push("0");
    groups.push(...after);
  }
  return groups.slice(0, 4).map(plainGroup).join(":");
}

function plainGroup(group: string): string {
  return Number.parseInt(group, 16).toString(16);
}
