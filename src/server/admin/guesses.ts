import { clientNetwork } from "../../http/address.ts";
import { KeyedBuckets } from "../../policies/limits/keyed-buckets.ts";
import { Room } from "../../policies/limits/room.ts";
import { BucketSize } from "../../policies/limits/token-bucket.ts";
import type { Clock } from "../../time/clock.ts";

/** Wrong tokens at once from one network, and how many more a second. */
const WRONG_TOKENS = new BucketSize(1, 20);
const PLACES = { own: 10_000, shared: 1024 };

/**
 * Slows the guessing of the token. A network that has sent too many wrong ones is not asked for a while,
 * whatever it sends: to answer the right one at once would tell which it is.
 */
export class Guesses {
  readonly #clock: Clock;
  readonly #networks: KeyedBuckets;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#networks = new KeyedBuckets(WRONG_TOKENS, { random, room: new Room(Infinity) }, PLACES);
  }

  /** Whole seconds until a token from this address is looked at again; 0 if it is now. */
  secondsToWait(peer: string): number {
    const { level } = this.#bucketOf(peer);
    return Math.ceil(WRONG_TOKENS.microsecondsUntil(1, level) / 1e6);
  }

  /** A wrong token has come from this address. */
  failed(peer: string): void {
    this.#bucketOf(peer).remove(1);
  }

  #bucketOf(peer: string) {
    return this.#networks.bucketFor(clientNetwork(peer), this.#clock.monotonic());
  }
}
