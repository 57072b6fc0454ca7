import type { PolicyServices } from "../pipeline/policy.ts";
import type { Clock } from "../time/clock.ts";

/**
 * For policies that are asked outside of traffic, what they would make of one request: they keep nothing,
 * say nothing and ask nobody.
 */
export function inertServices(clock: Clock = NO_TIME): PolicyServices {
  return {
    clock,
    random: () => 0,
    keep: (_key, make) => make(),
    share: (_key, make) => make(),
    log: () => {},
    idleTimeout: 0,
    requestTimeout: 0,
    fetch: () => Promise.reject(new Error("nothing is asked outside of traffic")),
    databaseFor: () => ":memory:",
    store: undefined,
    behind: () => ({ placeholders: [], fingerprint: "" }),
  };
}

const NO_TIME: Clock = { monotonic: () => 0, wall: () => 0, schedule: () => () => {} };
