import { clientNetwork } from "../http/address.ts";
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
