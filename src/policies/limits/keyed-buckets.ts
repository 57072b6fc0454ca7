import type { Clock } from "../../time/clock.ts";
import { type BucketSize, TokenBucket } from "./token-bucket.ts";
import { type Ticket, TokenQueue } from "./token-queue.ts";

/** How many keys have a bucket of their own. About 20 MB. */
const OWN_AT_MOST = 100_000;
/** How many buckets the others share. About 5 MB. */
const SHARED_AT_MOST = 65_536;
/** So few buckets are kept even if they are full, for clients that come back. */
const KEPT_ANYWAY = 1_000;
/** How many buckets a new key looks at for one that is not needed any more, as long as there is room. */
const LOOKED_AT = 2;
/** The same when there is no room. */
const LOOKED_AT_WHEN_FULL = 8;

/**
 * A bucket for each key, in bounded memory and at a constant cost per request, whatever keys clients make
 * up. What holds under any flood of keys:
 *
 * - No key ever gets more than a bucket of its own would give it. A bucket is dropped only when it is full,
 *   so a debt is never forgotten, however many keys come.
 * - A key that has a bucket of its own gets exactly what that bucket gives it.
 * - While `own` other keys are all in debt, new keys share: a key has one of `shared` buckets of the same
 *   size, by a hash that nobody outside can predict. So the new keys together are still admitted at
 *   `shared` times the rate, each sharing a bucket with the others that it meets there by chance, and
 *   somebody new is refused only as often as its bucket is empty.
 *
 * To hold all places, a flood has to keep that many buckets in debt: it must have that many requests
 * admitted in the time in which a bucket regains what one request costs.
 */
export class KeyedBuckets {
  readonly size: BucketSize;
  readonly #ownAtMost: number;
  readonly #sharedAtMost: number;
  readonly #seed: number;
  readonly #byKey = new Map<string, TokenBucket>();
  /** The keys and buckets of the map, to look for full ones in turn. */
  readonly #keys: string[] = [];
  readonly #buckets: TokenBucket[] = [];
  #next = 0;
  readonly #shared = new Map<number, TokenBucket>();
  /** Of buckets that somebody waits for. */
  readonly #queues = new Map<TokenBucket, TokenQueue>();

  constructor(
    size: BucketSize,
    random: () => number,
    { own = OWN_AT_MOST, shared = SHARED_AT_MOST } = {},
  ) {
    this.size = size;
    this.#seed = Math.floor(random() * 2 ** 32);
    this.#ownAtMost = own;
    this.#sharedAtMost = shared;
  }

  /** How many buckets are held. */
  get count(): number {
    return this.#byKey.size + this.#shared.size;
  }

  /** The bucket of a key, filled. `now` is monotonic, in milliseconds. */
  bucketFor(key: string, now: number): TokenBucket {
    const bucket = this.#byKey.get(key) ?? this.#newBucket(key, now);
    bucket.fill(now);
    return bucket;
  }

  /** Those who wait for tokens of a bucket. To be joined at once. */
  queueOf(bucket: TokenBucket, clock: Clock): TokenQueue {
    let queue = this.#queues.get(bucket);
    if (queue === undefined) {
      queue = new TokenQueue(bucket, clock, () => this.#queues.delete(bucket));
      this.#queues.set(bucket, queue);
    }
    return queue;
  }

  /** Returns tokens to a bucket, and gives up the place in its queue, if there was one. */
  giveBack(bucket: TokenBucket, tokens: number, ticket: Ticket | undefined): void {
    const queue = this.#queues.get(bucket);
    if (ticket !== undefined && queue?.leave(ticket) === true) return;
    bucket.giveBack(tokens);
    queue?.update();
  }

  #newBucket(key: string, now: number): TokenBucket {
    this.#dropFull(now);
    const shared = this.#shared.size === 0 ? undefined : this.#shared.get(this.#placeOf(key));
    if (this.#byKey.size >= this.#ownAtMost) return shared ?? this.#newShared(key);
    shared?.fill(now);
    // What the key owes where it has shared a bucket, it goes on owing.
    const bucket = new TokenBucket(this.size, shared?.level, now);
    this.#byKey.set(key, bucket);
    this.#keys.push(key);
    this.#buckets.push(bucket);
    return bucket;
  }

  #newShared(key: string): TokenBucket {
    const bucket = new TokenBucket(this.size);
    this.#shared.set(this.#placeOf(key), bucket);
    return bucket;
  }

  #placeOf(key: string): number {
    return Bun.hash.xxHash32(key, this.#seed) % this.#sharedAtMost;
  }

  /** Drops the next few buckets that are full: a new one is no different. */
  #dropFull(now: number): void {
    const keys = this.#keys;
    const buckets = this.#buckets;
    const hasRoom = keys.length < this.#ownAtMost;
    if (hasRoom && keys.length < KEPT_ANYWAY) return;
    for (let left = hasRoom ? LOOKED_AT : LOOKED_AT_WHEN_FULL; left > 0; left -= 1) {
      if (this.#next >= keys.length) this.#next = 0;
      const key = keys[this.#next];
      const bucket = buckets[this.#next];
      if (key === undefined || bucket === undefined) return;
      bucket.fill(now);
      if (bucket.isFull) {
        this.#byKey.delete(key);
        const lastKey = keys.pop();
        const lastBucket = buckets.pop();
        if (this.#next < keys.length && lastKey !== undefined && lastBucket !== undefined) {
          keys[this.#next] = lastKey;
          buckets[this.#next] = lastBucket;
        }
      } else this.#next += 1;
    }
  }
}
