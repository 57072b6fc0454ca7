import type { AddressSet } from "../../http/address-set.ts";
import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { definePolicy, type Policy, type PolicyServices } from "../../pipeline/policy.ts";
import { Charging, reportCharges } from "./charging.ts";
import { exemptOf } from "./common-keys.ts";
import { KeyedBuckets, ROOM_FOR_BUCKETS } from "./keyed-buckets.ts";
import { type Charge, Limit } from "./limit.ts";
import { isKeyOfIdentity, keyReader, textOfKey } from "./limit-key.ts";
import { Room } from "./room.ts";
import {
  checkLimits,
  compareWithGlobal,
  globalSchema,
  type LimitConfig,
  limitsOf,
  maxDelayOf,
  routeSchema,
} from "./schema.ts";
import { BucketSize } from "./token-bucket.ts";

/**
 * Limits the rate of requests by token buckets. A route's policy contains the global one, so that all limits
 * decide together: first those whose keys need nobody's identity, before it is asked for; the others when
 * it is known.
 */
export const rateLimit = definePolicy({
  name: "rate_limit",
  routeReplacesGlobal: true,
  global: {
    key: "rate_limiting",
    schema: globalSchema,
    check: checkLimits,
    create: (written, services, name) => create(limitsOf(written), services, name),
  },
  route: {
    key: "rate_limit",
    schema: routeSchema,
    check: checkLimits,
    checkReferences: (written, global) =>
      compareWithGlobal(written, global as Parameters<typeof compareWithGlobal>[1]),
    create: (written, services, name, global) => create(limitsOf(written), services, name, global),
  },
});

function create(
  configs: readonly LimitConfig[],
  services: PolicyServices,
  place: string,
  global?: Policy,
): Policy | undefined {
  const shared = global instanceof RateLimits ? global.counted : [];
  if (configs.length === 0) return global;
  const own = new Creation(services, place, shared).countedOf(configs);
  return new RateLimits([...shared, ...own], new Charging(services));
}

/** A limit, and what it counts. */
interface Counted {
  readonly limit: Limit;
  /** Undefined if all requests have the same key. */
  readonly keyOf: ((exchange: Exchange) => string) | undefined;
  readonly needsIdentity: boolean;
  readonly exempt: AddressSet | undefined;
}

/** Makes the limits of one place: at the top, or of a route. */
class Creation {
  readonly #services: PolicyServices;
  readonly #place: string;
  readonly #names: Set<string>;
  readonly #kept = new Set<string>();

  constructor(services: PolicyServices, place: string, others: readonly Counted[]) {
    this.#services = services;
    this.#place = place;
    this.#names = new Set(others.map(({ limit }) => limit.name));
  }

  countedOf(configs: readonly LimitConfig[]): Counted[] {
    for (const { name } of configs) if (name !== undefined) this.#names.add(name);
    return configs.map((config, index) => ({
      limit: this.#limitOf(config, index),
      keyOf: keyReader(config.key),
      needsIdentity: isKeyOfIdentity(config.key),
      exempt: exemptOf(config.exempt),
    }));
  }

  #limitOf(config: LimitConfig, index: number): Limit {
    const { rate, burst, key, cost } = config;
    const size = new BucketSize(rate, burst);
    // A reload that does not change what a limit counts keeps its levels.
    let what = `${textOfKey(key)} ${rate} ${size.burst}`;
    while (this.#kept.has(what)) what += " again";
    this.#kept.add(what);
    const { keep, share, random } = this.#services;
    const room = share("room", () => new Room(ROOM_FOR_BUCKETS));
    const make = () => new KeyedBuckets(size, { random, room });
    const name = config.name ?? this.#nameOf(index);
    const scope = config.name === undefined ? ["at", this.#place] : ["named", config.name];
    const id = JSON.stringify([...scope, what]);
    const local = config.name === undefined ? keep(what, make, close) : share(id, make, close);
    return new Limit({ name, id, local, cost, maxDelay: maxDelayOf(config) });
  }

  #nameOf(index: number): string {
    let name = index === 0 ? this.#place : `${this.#place}#${index + 1}`;
    while (this.#names.has(name)) name += "'";
    this.#names.add(name);
    return name;
  }
}

function close(buckets: KeyedBuckets): void {
  buckets.close();
}

/** The limits of a route, or of requests without one. */
class RateLimits implements Policy {
  readonly name = "rate_limit";
  readonly counted: readonly Counted[];
  readonly secondPart: Policy | undefined;
  readonly #stage: Stage;

  constructor(counted: readonly Counted[], charging: Charging) {
    this.counted = counted;
    const late = counted.filter(({ needsIdentity }) => needsIdentity);
    this.#stage = new Stage(
      counted.filter(({ needsIdentity }) => !needsIdentity),
      charging,
    );
    this.secondPart = late.length === 0 ? undefined : new Stage(late, charging);
  }

  request(exchange: Exchange): undefined | Promise<undefined> {
    return this.#stage.request(exchange);
  }

  response(exchange: Exchange, answer: Answer): undefined {
    reportCharges(exchange, answer);
  }
}

/** The rate limits among a route's policies, of the route and of all. */
export function limitsIn(policies: readonly Policy[]): Limit[] {
  return policies.flatMap((policy) =>
    policy instanceof RateLimits ? policy.counted.map(({ limit }) => limit) : [],
  );
}

/** Limits that decide together. */
class Stage implements Policy {
  readonly name = "rate_limit";
  /** It is a policy by itself only at the second place. */
  readonly shownAs = "rate_limit, by identity";
  readonly #counted: readonly Counted[];
  readonly #charging: Charging;
  /** The charges of every exchange, if they are always the same. */
  readonly #constant: readonly Charge[] | undefined;

  constructor(counted: readonly Counted[], charging: Charging) {
    this.#counted = counted;
    this.#charging = charging;
    const isConstant = counted.every(({ keyOf, exempt }) => (keyOf ?? exempt) === undefined);
    this.#constant = isConstant ? counted.map(({ limit }) => ({ limit, key: "" })) : undefined;
  }

  request(exchange: Exchange): undefined | Promise<undefined> {
    const charges = this.#constant ?? this.#chargesOf(exchange);
    return charges.length === 0 ? undefined : this.#charging.charge(exchange, charges);
  }

  response(exchange: Exchange, answer: Answer): undefined {
    reportCharges(exchange, answer);
  }

  #chargesOf(exchange: Exchange): Charge[] {
    const [only] = this.#counted;
    if (this.#counted.length === 1 && only?.exempt === undefined && only?.keyOf !== undefined) {
      // The usual case, in half the time.
      return [{ limit: only.limit, key: only.keyOf(exchange) }];
    }
    const charges: Charge[] = [];
    for (const { limit, keyOf, exempt } of this.#counted) {
      if (exempt?.has(exchange.client.address) === true) continue;
      charges.push({ limit, key: keyOf === undefined ? "" : keyOf(exchange) });
    }
    return charges;
  }
}
