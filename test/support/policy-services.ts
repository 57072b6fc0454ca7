import type { PolicyServices } from "../../src/pipeline/policy.ts";
import { FakeClock } from "./fake-clock.ts";

/** The services of a policy on its own: state ends with it, and there is no network. */
export function policyServices(given: Partial<PolicyServices> = {}): PolicyServices {
  const keep: PolicyServices["keep"] = (_key, make) => make();
  return {
    clock: new FakeClock(),
    random: () => 0.5,
    keep,
    share: keep,
    log: () => {},
    idleTimeout: 300_000,
    requestTimeout: 30_000,
    fetch: noNetwork,
    databaseFor: () => ":memory:",
    store: undefined,
    behind: () => ({ placeholders: [], fingerprint: "" }),
    ...given,
  };
}

/** Fails like a network without the other side. */
export function noNetwork(url: string): Promise<never> {
  return Promise.reject(new Error(`nothing answers at ${url}`));
}
