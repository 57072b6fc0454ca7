import type { Clock } from "../../time/clock.ts";
import type { Room, Tenant } from "./room.ts";
import { HashedBuckets } from "./hashed-buckets.ts";
import { type BucketSize, TokenBucket } from "./token-bucket.ts";
import { type Ticket, TokenQueue } from "./token-queue.ts";

/** How many keys of one limit have a bucket of their own. */
const OWN_AT_MOST = 100_000;
/** How many buckets its other keys share. */
const SHARED_AT_MOST = 65_536;
/** So many keys have one whether or not there is room, and these are not dropped when they are full. */
const ALWAYS = 1_000;
/** How many buckets a new key looks at for one that is not needed any more, as long as there is room. */
const LOOKED_AT = 2;
/** The same when there is none. Each may be a cache miss. */
const LOOKED_AT_WHEN_FULL = 4;

/** Keys that operators are shown are looked for among so many. */
const LISTED_AT_MOST = 20_000;

/** How many buckets all limits that share a room have, besides the few that each always has: some 350 MB. */
export const ROOM_FOR_BUCKETS = 1_000_000;

/**
 * A bucket for each key, in bounded memory and at a constant cost per request, whatever keys clients make
 * up. What holds under any flood of keys:
 *
 * - No key ever gets more than a bucket of its own would give it. A bucket is dropped only when it is full,
 *   so a debt is never forgotten, however many keys come.
 * - A key that has a bucket of its own gets exactly what that bucket gives it.
 * - While there is no room for a further bucket, because the others are all in debt, new keys share: each
 *   has one of `shared` buckets of the same size, by a hash that nobody outside can predict. So the new
 *   keys together are still admitted at `shared` times the rate, each sharing a bucket with those that
 *   it meets there by chance, and somebody new is refused only as often as that bucket is empty.
 *
 * To hold all places, a flood has to keep that many buckets in debt: it must have that many requests
 * admitted in the time in which a bucket regains what one request costs.
 */
export class KeyedBuckets implements Tenant {
  readonly size: BucketSize;
  readonly #room: Room;
  readonly #ownAtMost: number;
  readonly #byKey = new Map<string, TokenBucket>();
  /** The keys and buckets of the map, to look for full ones in turn. */
  readonly #keys: string[] = [];
  readonly #buckets: TokenBucket[] = [];
  #next = 0;
  readonly #shared: HashedBuckets;
  /** Of buckets that somebody waits for. */
  #queues: Map<TokenBucket, TokenQueue> | undefined;

  /** `random` is evenly spread over [0, 1). */
  constructor(
    size: BucketSize,
    { random, room }: { readonly random: () => number; readonly room: Room },
    { own = OWN_AT_MOST, shared = SHARED_AT_MOST } = {},
  ) {
    this.size = size;
    this.#room = room;
    this.#ownAtMost = own;
    this.#shared = new HashedBuckets(size, room, Math.floor(random() * 2 ** 32), shared);
    room.join(this);
  }

  /** How many buckets it holds, besides the few that keys always share. */
  get count(): number {
    return this.#byKey.size + this.#shared.inRoom;
  }

  /** The bucket of a key, filled. `now` is monotonic, in milliseconds. */
  bucketFor(key: string, now: number): TokenBucket {
    const bucket = this.#byKey.get(key) ?? this.#newBucket(key, now);
    bucket.fill(now);
    return bucket;
  }

  /** The keys with the least in their buckets, those that are full left out; of the first 20,000 keys. */
  lowest(most: number, now: number): { readonly key: string; readonly level: number }[] {
    const found: { key: string; level: number }[] = [];
    const count = Math.min(this.#keys.length, LISTED_AT_MOST);
    for (let at = 0; at < count; at += 1) {
      const [key, bucket] = [this.#keys[at], this.#buckets[at]];
      if (key === undefined || bucket === undefined) continue;
      bucket.fill(now);
      if (!bucket.isFull) found.push({ key, level: bucket.level });
    }
    return found.toSorted((one, other) => one.level - other.level).slice(0, most);
  }

  /** Those who wait for tokens of a bucket. To be joined at once. */
  queueOf(bucket: TokenBucket, clock: Clock): TokenQueue {
    const queues = (this.#queues ??= new Map());
    let queue = queues.get(bucket);
    if (queue === undefined) {
      queue = new TokenQueue(bucket, clock, () => queues.delete(bucket));
      queues.set(bucket, queue);
    }
    return queue;
  }

  /** Returns tokens to a bucket, and gives up the place in its queue, if there was one. */
  giveBack(bucket: TokenBucket, tokens: number, ticket: Ticket | undefined): void {
    const queue = this.#queues?.get(bucket);
    if (ticket !== undefined && queue?.leave(ticket) === true) return;
    bucket.giveBack(tokens);
    queue?.update();
  }

  tidyUp(now: number): void {
    this.#dropFull(now, LOOKED_AT_WHEN_FULL);
    this.#shared.dropFull(now, LOOKED_AT);
  }

  /** Leaves its room to others. */
  close(): void {
    this.#room.leave(this, Math.max(0, this.#keys.length - ALWAYS) + this.#shared.inRoom);
  }

  #newBucket(key: string, now: number): TokenBucket {
    const held = this.#keys.length;
    if (held >= this.#ownAtMost) this.tidyUp(now);
    else if (held >= ALWAYS) this.#dropFull(now, LOOKED_AT);
    if (!this.#hasPlace(now)) return this.#shared.bucketFor(key, now);
    const shared = this.#shared.find(key);
    // What the key owes where it has shared a bucket, it goes on owing.
    shared?.fill(now);
    const bucket = new TokenBucket(this.size, shared?.level, now);
    this.#byKey.set(key, bucket);
    this.#keys.push(key);
    this.#buckets.push(bucket);
    this.#shared.dropFull(now, LOOKED_AT);
    return bucket;
  }

  /** Takes a place for a further key. */
  #hasPlace(now: number): boolean {
    const held = this.#keys.length;
    return held < this.#ownAtMost && (held < ALWAYS || this.#room.take(now));
  }

  /** Drops the next few buckets that are full: a new one is no different. */
  #dropFull(now: number, count: number): void {
    const keys = this.#keys;
    const buckets = this.#buckets;
    for (let left = count; left > 0; left -= 1) {
      if (this.#next >= keys.length) this.#next = 0;
      const key = keys[this.#next];
      const bucket = buckets[this.#next];
      if (key === undefined || bucket === undefined) return;
      bucket.fill(now);
      if (!bucket.isFull) {
        this.#next += 1;
        continue;
      }
      if (keys.length > ALWAYS) this.#room.giveBack();
      this.#byKey.delete(key);
      const lastKey = keys.pop();
      const lastBucket = buckets.pop();
      if (this.#next < keys.length && lastKey !== undefined && lastBucket !== undefined) {
        keys[this.#next] = lastKey;
        buckets[this.#next] = lastBucket;
      }
    }
  }
}
