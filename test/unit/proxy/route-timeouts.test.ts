import { expect, test } from "bun:test";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { Attempt } from "../../../src/transport/attempt.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { backendRequest } from "../transport/support.ts";
import { rejection } from "./network.ts";

const timeouts = { request: 1_000, response: 2_000, idle: 3_000, exchange: 4_000 };

test("routes with the same timeouts share their timeouts, others have their own", () => {
  const sets = new RouteTimeoutSets(new FakeClock());
  const limits = sets.of(timeouts);
  expect(sets.of({ ...timeouts })).toBe(limits);
  for (const name of ["request", "response", "idle", "exchange"]) {
    expect(sets.of({ ...timeouts, [name]: 5_000 })).not.toBe(limits);
  }
});

test.each([
  ["request", "request_timeout", 1_000],
  ["exchange", "exchange_timeout", 4_000],
] as const)("the limit for the %s breaks off with %s after its own time", (name, code, time) => {
  const clock = new FakeClock();
  const cancellation = new Cancellation();
  new RouteTimeoutSets(clock).of(timeouts)[name].begin(cancellation);
  clock.advance(time - 1);
  expect(cancellation.reason).toBeUndefined();
  clock.advance(1);
  expect(cancellation.reason?.code).toBe(code);
  expect(cancellation.reason?.message).toContain(`${time} ms`);
});

test("the limit for the answer's head ends an attempt, and not its exchange", async () => {
  const clock = new FakeClock();
  const timeout = new RouteTimeoutSets(clock).of(timeouts).response;
  const request = backendRequest({ timeout });
  const failure = rejection(new Attempt(request, 0).sendBy(() => {}));
  clock.advance(2_000);
  expect(await failure).toMatchObject({ code: "backend_timeout", reached: "nothing" });
  expect(request.cancellation.reason).toBeUndefined();
});
