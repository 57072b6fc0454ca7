import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { Ring } from "../../../src/proxy/attempts.ts";
import { NONE } from "../../../src/proxy/request.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { AttemptError, type Reached } from "../../../src/transport/attempt-error.ts";
import { Attempt, type BackendRequest } from "../../../src/transport/attempt.ts";
import { Tunnels } from "../../../src/proxy/tunnel/tunnel.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "../pipeline/opening.ts";
import { settingsWith } from "./settings.ts";

interface Setting {
  readonly count?: number;
  readonly method?: string;
  readonly maxInFlight?: number;
}

/** An exchange at the first of some backends, which get one each in turn. */
function ring({ count = 2, method = "GET", maxInFlight }: Setting = {}) {
  const backends = Array.from({ length: count }, (_, index) => {
    const health = new CheckedHealth({ unhealthy_after: 3, healthy_after: 1 });
    const address = readBackendAddress(`http://backend${index}.test`);
    return new Backend({ address, weight: 1, health, maxInFlight });
  });
  const exchange = openExchange({ method });
  const upstream = new Upstream(backends);
  return { backends, exchange, upstream, ...ringOf(exchange, upstream) };
}

function ringOf(exchange: Exchange, upstream: Upstream) {
  const one = new Ring(exchange, { ...route, upstream });
  one.start();
  /** Makes an attempt at the current backend that fails. */
  const fail = (error: unknown, isStreamTouched = false): unknown => {
    const attempt = new Attempt({ backend: one.backend.url } as BackendRequest, clock.monotonic());
    attempt.isStreamTouched = isStreamTouched;
    exchange.attempts.push(attempt);
    return one.failed(attempt, error, NONE);
  };
  return { ring: one, fail };
}

const clock = new FakeClock();
const settings = settingsWith();
const route = {
  settings,
  timeouts: new RouteTimeoutSets(clock).of(settings.timeouts),
  clock,
  random: () => 0,
  transport: () => {},
  tunnels: new Tunnels(),
};

const failure = (reached: Reached) =>
  new AttemptError("backend_unreachable", "the backend refuses connections", reached);

describe("after a failed attempt", () => {
  test.each([
    ["GET", "nothing", true],
    ["POST", "nothing", true],
    ["GET", "reused", true],
    ["PUT", "reused", true],
    ["POST", "reused", false],
    ["GET", "maybe", false],
    ["POST", "maybe", false],
  ] as const)("%s that reached %s goes to another backend: %p", (method, reached, goesOn) => {
    const { ring: one, fail, backends } = ring({ method });
    const [first, second] = backends;
    const error = failure(reached);
    if (!goesOn) {
      expect(fail(error)).toBe(error);
      expect(one.backend).toBe(first!);
      return;
    }
    fail(error);
    expect(one.backend).toBe(second!);
    expect(backends.map(({ inFlight }) => inFlight)).toEqual([0, 1]);
  });

  test("content that has been read from is not sent again", () => {
    const { fail } = ring();
    const error = failure("nothing");
    expect(fail(error, true)).toBe(error);
  });

  test("an exchange that was cancelled meanwhile ends for that reason", () => {
    const { fail, exchange } = ring();
    const reason = new GatewayError("client_closed", "gone");
    exchange.cancellation.cancel(reason);
    expect(fail(failure("nothing"))).toBe(reason);
  });

  test("an error that is not the backend's ends the exchange", () => {
    const { fail } = ring();
    const error = new TypeError("a mistake");
    expect(fail(error)).toBe(error);
  });

  test("each backend is asked once, and the last error says how many were tried", () => {
    const { ring: one, fail, backends } = ring({ count: 3 });
    const asked = new Set([one.backend]);
    for (let attempt = 1; attempt < 3; attempt += 1) {
      fail(failure("nothing"));
      asked.add(one.backend);
    }
    expect(asked.size).toBe(3);
    expect(fail(failure("nothing"))).toMatchObject({
      message: "the backend refuses connections; 3 attempts were made",
    });
    one.end();
    expect(backends.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });

  test("at most ten backends are tried, however many there are", () => {
    const { fail } = ring({ count: 50 });
    let attempts = 1;
    let last = fail(failure("nothing"));
    for (; last === undefined; last = fail(failure("nothing"))) attempts += 1;
    expect(last).toMatchObject({ message: expect.stringContaining("10 attempts were made") });
    expect(attempts).toBe(10);
  });

  test("a backend that is at its limit is passed over", () => {
    const { ring: one, fail, backends } = ring({ count: 3, maxInFlight: 1 });
    const [, second, third] = backends;
    second!.inFlight = 1;
    expect(fail(failure("nothing"))).toBeUndefined();
    expect(one.backend).toBe(third!);
  });
});

describe("a backend's health", () => {
  test("suffers from requests that reached nothing, three in a row", () => {
    const { upstream, backends, exchange, fail } = ring({ count: 1 });
    const health = backends[0]!.health;
    fail(failure("nothing"));
    for (let again = 0; again < 2; again += 1) {
      expect(health.healthy).toBe(true);
      ringOf(exchange, upstream).fail(failure("nothing"));
    }
    expect(health.healthy).toBe(false);
  });

  test("does not suffer from those that it may have acted on", () => {
    const { upstream, backends, exchange } = ring({ count: 1 });
    for (let again = 0; again < 5; again += 1) {
      ringOf(exchange, upstream).fail(failure("maybe"));
    }
    expect(backends[0]!.health.healthy).toBe(true);
  });
});
