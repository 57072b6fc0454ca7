import { expect, test } from "bun:test";
import { NOT_IN_COMMON } from "../../../src/config/defaults.ts";
import { policyRegistry } from "../../../src/policies/registry.ts";
import { errorsIn, loaded } from "./loading.ts";

// Without a provider of credentials there is no default for it; it is turned off by `none`.
const policies = policyRegistry
  .map(({ route }) => route?.key ?? "")
  .filter((key) => key !== "" && key !== "auth" && !NOT_IN_COMMON.has(key));

const others = ["retry", "hedge", "mirror", "sticky", "ejection", "circuit_breaker"];
const limits = ["max_in_flight", "proxy", "health_check"];

test.each([...policies, ...others, ...limits])("`%s: false` is valid in a route", (key) => {
  const text = `routes: [{ path: /, backends: [http://a.test, http://b.test], ${key}: false }]`;
  expect(errorsIn(text)).toEqual([]);
});

test("false turns off what is a default", () => {
  const { routes, upstreams } = loaded(`
defaults: { rate_limit: 5, max_in_flight: 5, proxy: http://egress:3128 }
upstreams:
  a: { backends: [http://a.test], max_in_flight: false, proxy: false }
  b: { backends: [http://b.test] }
routes:
  - { path: /a, upstream: a, rate_limit: false }
  - { path: /b, upstream: b }
`);
  expect(routes.map((route) => Reflect.get(route, "rate_limit"))).toEqual([
    false,
    { perSecond: 5, count: 5 },
  ]);
  const { a, b } = upstreams ?? {};
  expect([a?.max_in_flight, b?.max_in_flight]).toEqual([undefined, 5]);
  expect([a?.proxy, b?.proxy]).toEqual([undefined, "http://egress:3128"]);
});
