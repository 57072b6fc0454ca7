import type { PolicyServices } from "../../pipeline/policy.ts";
import { KeyedBuckets, ROOM_FOR_BUCKETS } from "./keyed-buckets.ts";
import { type Charge, Limit } from "./limit.ts";
import { Room } from "./room.ts";
import { BucketSize } from "./token-bucket.ts";

/** A limit that belongs to one identity. */
export interface IdentityLimit {
  /** In items of the RateLimit fields, for the client; nothing secret. */
  readonly name: string;
  /** What tells the identity from the provider's others. */
  readonly key: string;
  /** Tokens per second. */
  readonly rate: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
}

interface State {
  readonly bySize: Map<string, KeyedBuckets>;
  readonly room: Room;
}

/**
 * Limits that a provider's identities bring with them, like the `rate_limit` of an API key. A provider
 * makes a charge of each when it reads them, and returns it in `charges` of a proof: the `auth` policy
 * then charges every request, and refuses with 429 what is above it. Levels stay when the provider reads
 * its identities again and at a reload, as long as the limit is the same.
 */
export class IdentityLimits {
  readonly #provider: string;
  readonly #state: State;
  readonly #random: () => number;

  /** `provider`: its name in the configuration. */
  constructor({ keep, random }: Pick<PolicyServices, "keep" | "random">, provider: string) {
    this.#provider = provider;
    this.#random = random;
    // A provider's state is kept among that of all providers.
    this.#state = keep(`limits of ${provider}`, () => ({
      bySize: new Map(),
      room: new Room(ROOM_FOR_BUCKETS),
    }));
  }

  /** Not for each request. */
  charge({ name, key, rate, burst }: IdentityLimit): Charge {
    const size = `${rate} ${burst}`;
    const { bySize, room } = this.#state;
    let local = bySize.get(size);
    if (local === undefined) {
      local = new KeyedBuckets(new BucketSize(rate, burst), { room, random: this.#random });
      bySize.set(size, local);
    }
    const id = JSON.stringify(["identity", this.#provider, size]);
    return { limit: new Limit({ name, id, local }), key };
  }
}
