import { type BucketSize, TokenBucket } from "./token-bucket.ts";

/**
 * A bucket for each client, for a bounded number of clients, at a constant cost per request.
 *
 * Buckets stand in two generations. A client's next request brings its bucket into the young one;
 * in each turn the young one becomes the old and the old is forgotten. A turn comes when
 *
 * - the time has passed in which any bucket fills: what is forgotten then has been left alone for
 *   so long that it is full, and a new bucket is no different;
 * - the young one holds half of what may be held: then a client is forgotten that has been silent
 *   while at least so many others asked, and comes back to a full bucket. The only other ways to
 *   stay within bounds are to refuse newcomers or to let them share, and a crowd of addresses would
 *   use either to shut everybody else out.
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
 * What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, since a
 * single subscriber has all that lie within. Spellings of one network give the same text.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  const gap = address.indexOf("::");
  const groups = (gap === -1 ? address : address.slice(0, gap)).split(":", 4);
  if (groups[0] === "") groups.pop();
  if (groups.length < 4) {
    const after = address.slice(gap + 2).split(":");
    // An embedded IPv4 address is written as one group and is two.
    const written = groups.length + after.length + (address.includes(".") ? 1 : 0);
    for (let missing = 8 - written; missing > 0; missing -= 1) groups.push("0");
    groups.push(...after);
  }
  return groups.slice(0, 4).map(plainGroup).join(":");
}

function plainGroup(group: string): string {
  return Number.parseInt(group, 16).toString(16);
}
