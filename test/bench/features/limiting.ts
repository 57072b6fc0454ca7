import type { Section } from "../gateway.ts";
import { type Feature, feature, onRoute, onUpstream } from "./feature.ts";

const OFF: Section = { enabled: false };
const BOUNDLESS: Section = { requests_per_second: 1_000_000, burst: 1_000_000 };

/** A Redis server, for what gateways share: without one that is left out. */
const STORE = process.env["BENCH_STORE"];

/** The same limit, counted by the gateway itself and in a store. */
function shared(key: string, name: string, keys: Section): Feature[] {
  if (STORE === undefined) return [];
  const { routes } = onRoute(keys);
  const store = { redis: STORE, timeout: "10s", on_error: "deny" };
  const setup = { settings: () => ({ store }), routes };
  return [feature({ key, name, without: { routes }, with: setup })];
}

/** Limits, and what the plain gateway has on for comparison. */
export const limiting: readonly Feature[] = [
  feature({
    key: "max-in-flight",
    name: "`max_in_flight` and `max_waiting`, nobody waits",
    without: onUpstream({}),
    with: onUpstream({ max_in_flight: 500, max_waiting: 100 }),
  }),
  feature({
    key: "waiting",
    name: "the same, of 64 requests 16 go on and 48 wait",
    without: onUpstream({}),
    with: onUpstream({ max_in_flight: 16, max_waiting: 100 }),
  }),
  feature({
    key: "concurrency",
    name: "`concurrency` by `client_ip`",
    with: onRoute({ concurrency: { limit: 1_000, key: "client_ip" } }),
  }),
  feature({
    key: "rate-limit",
    name: "`rate_limit` by `client_ip`",
    with: onRoute({ rate_limit: { ...BOUNDLESS, key: "client_ip" } }),
  }),
  ...shared("shared-rate-limit", "the same in a `store`", {
    rate_limit: { ...BOUNDLESS, key: "client_ip" },
  }),
  ...shared("shared-concurrency", "`concurrency` in a `store`", { concurrency: 1_000 }),
  feature({
    key: "first-example",
    name: "`rate_limiting` and `cors`, which all others have",
    without: {
      settings: () => ({ rate_limiting: OFF, cors: OFF }),
      routes: onRoute({}).routes,
    },
    with: onRoute({}),
  }),
];
