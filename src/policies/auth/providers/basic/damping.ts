import type { Clock } from "../../../../time/clock.ts";
import { ExpiringMap } from "../../../../time/expiring-map.ts";
import { KeyedBuckets } from "../../../limits/keyed-buckets.ts";
import { Room } from "../../../limits/room.ts";
import { BucketSize, type TokenBucket } from "../../../limits/token-bucket.ts";

/** A try to log in. */
export interface Try {
  /** The client's address, in IPv6 its /64 network. */
  readonly network: string;
  /** Stands for the user, whether or not there is one of this name. */
  readonly user: string;
}

/**
 * How much a try is trusted: `familiar` if the user has logged in from this network before, `clean` if no
 * try from this network has failed lately.
 */
export type Trust = "familiar" | "clean" | "suspect";

/** Failed tries at once, and how many more a second. */
const PER_NETWORK = new BucketSize(1 / 10, 20);
const PER_FAMILIAR_USER = new BucketSize(1 / 10, 10);
const PER_USER: Readonly<Record<"clean" | "suspect", BucketSize>> = {
  clean: new BucketSize(1, 20),
  suspect: new BucketSize(1 / 10, 10),
};
/** How many networks and users have a bucket of their own; the others share. */
const PLACES = { own: 20_000, shared: 4096 };

const FAMILIAR_MS = 30 * 86_400_000;
const FAMILIAR_AT_MOST = 20_000;

/**
 * Slows down guessing without shutting users out. Failures count, each once for its network and once for
 * its user:
 *
 * - A network may fail 20 times, and then every 10 s, whatever users it tries.
 * - A user may be tried without success 10 times, and then every 10 s, by networks at which something has
 *   failed lately, and 20 times, and then every second, by networks at which nothing has. So guesses from
 *   a few addresses leave the second way free to a user who comes from somewhere new.
 * - Where a user has logged in before, neither counts: there the user may fail 10 times, and then every
 *   10 s.
 */
export class Damping {
  readonly #clock: Clock;
  readonly #networks: KeyedBuckets;
  readonly #familiarUsers: KeyedBuckets;
  readonly #users: Readonly<Record<"clean" | "suspect", KeyedBuckets>>;
  /** Users that are known at a network. */
  readonly #familiar: ExpiringMap<string, true>;

  constructor(clock: Clock, random: () => number) {
    const services = { random, room: new Room(Infinity) };
    const buckets = (size: BucketSize) => new KeyedBuckets(size, services, PLACES);
    this.#clock = clock;
    this.#familiar = new ExpiringMap(clock, { most: FAMILIAR_AT_MOST });
    this.#networks = buckets(PER_NETWORK);
    this.#familiarUsers = buckets(PER_FAMILIAR_USER);
    this.#users = { clean: buckets(PER_USER.clean), suspect: buckets(PER_USER.suspect) };
  }

  trustIn(attempt: Try): Trust {
    if (this.#familiar.get(pairOf(attempt)) === true) return "familiar";
    const now = this.#clock.monotonic();
    return this.#networks.bucketFor(attempt.network, now).isFull ? "clean" : "suspect";
  }

  /** Whole seconds until another try may be made; 0 if it may be made now. */
  secondsToWait(attempt: Try): number {
    let microseconds = 0;
    for (const { level, size } of this.#bucketsOf(attempt)) {
      microseconds = Math.max(microseconds, size.microsecondsUntil(1, level));
    }
    return Math.ceil(microseconds / 1e6);
  }

  failed(attempt: Try): void {
    // Decided before the failure makes the network a suspect.
    for (const bucket of this.#bucketsOf(attempt)) bucket.remove(1);
  }

  succeeded(attempt: Try): void {
    this.#familiar.set(pairOf(attempt), true, this.#clock.monotonic() + FAMILIAR_MS);
  }

  #bucketsOf(attempt: Try): TokenBucket[] {
    const now = this.#clock.monotonic();
    const trust = this.trustIn(attempt);
    if (trust === "familiar") return [this.#familiarUsers.bucketFor(pairOf(attempt), now)];
    return [
      this.#networks.bucketFor(attempt.network, now),
      this.#users[trust].bucketFor(attempt.user, now),
    ];
  }
}

function pairOf({ network, user }: Try): string {
  return `${network} ${user}`;
}
