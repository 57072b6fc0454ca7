import { expect, test } from "bun:test";
import { errorsIn, loaded, warningsIn } from "./loading.ts";

const upstream = (keys: string, backends = "[http://a.test, http://b.test]") =>
  `upstreams: { users: { backends: ${backends}, ${keys} } }\nroutes: [{ path: /a, upstream: users }]\n`;
const of = (text: string) => loaded(text).upstreams?.["users"];

test("true turns ejection and circuit breakers on with their defaults, and false off", () => {
  expect(of(upstream("ejection: true, circuit_breaker: true"))).toMatchObject({
    ejection: {
      enabled: true,
      failures: 5,
      on: ["connect", "reset", "timeout", "5xx"],
      for: 30_000,
      max_ejected: 0.5,
    },
    circuit_breaker: { enabled: true, open_for: 15_000, probes: 3 },
  });
  const text = `defaults: { ejection: true }\n${upstream("ejection: false")}`;
  expect(of(text)?.ejection?.enabled).toBe(false);
  expect(
    of(`defaults: { ejection: true }\n${upstream("balance: random")}`)?.ejection,
  ).toMatchObject({ enabled: true });
});

test("a kind of failure may stand alone, and be a single status", () => {
  expect(of(upstream("ejection: { on: 5xx }"))?.ejection?.on).toEqual(["5xx"]);
  expect(of(upstream("ejection: { on: [timeout, 503] }"))?.ejection?.on).toEqual(["timeout", 503]);
});

test.each([
  ["ejection: { on: [429] }", "expected connect, reset, timeout, 5xx or a status from 500 to 599"],
  ["ejection: { on: [4xx] }", "an answer 4xx is the client's fault and never counts"],
  ["ejection: { on: [] }", "expected a list of at least 1 item"],
  ["ejection: { failures: 0 }", "expected a whole number from 1 to 1000"],
  ["ejection: { for: 5ms }", "`for` must be from 100ms to 1d"],
  ["ejection: { max_ejected: 0% }", "`0%` is not from 1% to 100%"],
  ["ejection: 5", "expected true, false or {failures, on, for, max_ejected}"],
  ["circuit_breaker: { failure_ratio: 0.5 }", "write `50%`"],
  ["circuit_breaker: { failure_ratio: 101% }", "is not from 1% to 100%"],
  [
    "circuit_breaker: { consecutive_failures: 3, failure_ratio: 20% }",
    "a breaker opens by `failure_ratio` or by `consecutive_failures`",
  ],
  ["when_none_healthy: maybe", "expected fail or try_all"],
  ["max_in_flight: 0", "expected a whole number of at least 1"],
  ["max_waiting: -1", "expected a whole number from 0 to 100000"],
  ["max_in_flight: 5, max_waiting: 1, wait_timeout: 0", "`wait_timeout` must be above 0"],
])("%s is refused", (keys, message) => {
  expect(errorsIn(upstream(keys)).join("\n")).toContain(message);
});

test.each([
  ["wait_timeout: 2s", "`wait_timeout` has no effect: without `max_waiting` no request waits"],
  ["max_waiting: 5", "`max_waiting` has no effect: requests wait only for a limit"],
])("%s alone is warned of", (keys, message) => {
  expect(warningsIn(upstream(keys))).toEqual([expect.stringContaining(message)]);
});

test("a queue for any limit is not warned of", () => {
  expect(warningsIn(upstream("max_waiting: 5, max_in_flight: 9"))).toEqual([]);
  expect(
    warningsIn(upstream("max_waiting: 5", "[{ url: http://a.test, max_in_flight: 1 }]")),
  ).toEqual([]);
});
