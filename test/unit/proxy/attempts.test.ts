import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Ring } from "../../../src/proxy/attempts.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { AttemptError, type Reached } from "../../../src/transport/attempt-error.ts";
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
  return { backends, exchange, ring: new Ring(exchange, new Upstream(backends), timeouts) };
}

const timeouts = new RouteTimeoutSets(new FakeClock()).of(settingsWith().timeouts);

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
    const { ring: one, backends } = ring({ method });
    const [first, second] = backends;
    const error = failure(reached);
    if (!goesOn) {
      expect(one.failed(error, true)).toBe(error);
      expect(one.backend).toBe(first!);
      return;
    }
    one.failed(error, true);
    expect(one.backend).toBe(second!);
    expect(backends.map(({ inFlight }) => inFlight)).toEqual([0, 1]);
  });

  test("content that has been read from is not sent again", () => {
    const { ring: one } = ring();
    const error = failure("nothing");
    expect(one.failed(error, false)).toBe(error);
  });

  test("an exchange that was cancelled meanwhile ends for that reason", () => {
    const { ring: one, exchange } = ring();
    const reason = new GatewayError("client_closed", "gone");
    exchange.cancellation.cancel(reason);
    expect(one.failed(failure("nothing"), true)).toBe(reason);
  });

  test("an error that is not the backend's ends the exchange", () => {
    const { ring: one } = ring();
    const error = new TypeError("a mistake");
    expect(one.failed(error, true)).toBe(error);
  });

  test("each backend is asked once, and the last error says how many were tried", () => {
    const { ring: one, backends } = ring({ count: 3 });
    const asked = new Set([one.backend]);
    for (let attempt = 1; attempt < 3; attempt += 1) {
      one.failed(failure("nothing"), true);
      asked.add(one.backend);
    }
    expect(asked.size).toBe(3);
    expect(one.failed(failure("nothing"), true)).toMatchObject({
      message: "the backend refuses connections; 3 backends were tried",
    });
    one.end();
    expect(backends.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });

  test("at most ten backends are tried, however many there are", () => {
    const { ring: one } = ring({ count: 50 });
    let attempts = 1;
    let last = one.failed(failure("nothing"), true);
    for (; last === undefined; last = one.failed(failure("nothing"), true)) attempts += 1;
    expect(last).toMatchObject({ message: expect.stringContaining("10 backends were tried") });
    expect(attempts).toBe(10);
  });

  test("a backend that is at its limit is passed over", () => {
    const { ring: one, backends } = ring({ count: 3, maxInFlight: 1 });
    const [, second, third] = backends;
    second!.inFlight = 1;
    expect(one.failed(failure("nothing"), true)).toBeUndefined();
    expect(one.backend).toBe(third!);
  });
});

describe("a backend's health", () => {
  test("suffers from requests that reached nothing, three in a row", () => {
    const { ring: one, backends, exchange } = ring({ count: 1 });
    const health = backends[0]!.health;
    one.failed(failure("nothing"), true);
    for (let again = 0; again < 2; again += 1) {
      expect(health.healthy).toBe(true);
      const next = new Ring(exchange, new Upstream(backends), timeouts);
      next.failed(failure("nothing"), true);
    }
    expect(health.healthy).toBe(false);
  });

  test("does not suffer from those that it may have acted on", () => {
    const { backends, exchange } = ring({ count: 1 });
    for (let again = 0; again < 5; again += 1) {
      const next = new Ring(exchange, new Upstream(backends), timeouts);
      next.failed(failure("maybe"), true);
    }
    expect(backends[0]!.health.healthy).toBe(true);
  });
});
