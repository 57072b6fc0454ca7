import { type BucketSize, TokenBucket } from "./token-bucket.ts";
import type { Room } from "./room.ts";

/** How many buckets a limit has for keys that share, whether or not there is room. */
const ALWAYS = 1_000;

/**
 * Buckets that keys share: each key has one, by a hash that nobody outside can predict. While there is no
 * room they are fewer, and each of them stands for several.
 */
export class HashedBuckets {
  readonly #size: BucketSize;
  readonly #room: Room;
  readonly #seed: number;
  readonly #most: number;
  /** Absent until the first one is needed. */
  #buckets: (TokenBucket | undefined)[] | undefined;
  /** How many of them take up room. */
  #inRoom = 0;
  #next = 0;

  constructor(size: BucketSize, room: Room, seed: number, most: number) {
    this.#size = size;
    this.#room = room;
    this.#seed = seed;
    this.#most = most;
  }

  /** How many of them take up room. */
  get inRoom(): number {
    return this.#inRoom;
  }

  /** The bucket of a key, if one has been made; not filled. */
  find(key: string): TokenBucket | undefined {
    if (this.#buckets === undefined) return undefined;
    const place = this.#placeOf(key);
    return this.#buckets[place] ?? this.#buckets[place % ALWAYS];
  }

  /** The bucket of a key; not filled. */
  bucketFor(key: string, now: number): TokenBucket {
    this.#buckets ??= Array.from({ length: this.#most });
    const place = this.#placeOf(key);
    const known = this.#buckets[place];
    if (known !== undefined) return known;
    const always = place % ALWAYS;
    const common = this.#buckets[always];
    if (always === place || !this.#room.take(now)) {
      return (this.#buckets[always] = common ?? new TokenBucket(this.#size));
    }
    this.#inRoom += 1;
    // What its keys owed together with others, they go on owing.
    common?.fill(now);
    return (this.#buckets[place] = new TokenBucket(this.#size, common?.level, now));
  }

  /** Drops those among the next few that are full. */
  dropFull(now: number, count: number): void {
    if (this.#inRoom === 0 || this.#buckets === undefined) return;
    for (let left = count; left > 0; left -= 1) {
      this.#next = this.#next + 1 < this.#most ? this.#next + 1 : ALWAYS;
      const bucket = this.#buckets[this.#next];
      bucket?.fill(now);
      if (bucket?.isFull !== true || this.#next < ALWAYS) continue;
      this.#buckets[this.#next] = undefined;
      this.#inRoom -= 1;
      this.#room.giveBack();
    }
  }

  #placeOf(key: string): number {
    return Bun.hash.xxHash32(key, this.#seed) % this.#most;
  }
}
