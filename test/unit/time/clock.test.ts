import { expect, test } from "bun:test";
import { type Clock, scheduleInSteps, systemClock } from "../../../src/time/clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("the system's clock tells the time and calls back once", async () => {
  const before = systemClock.monotonic();
  let calls = 0;
  await new Promise<void>((resolve) => {
    systemClock.schedule(1, () => {
      calls += 1;
      resolve();
    });
  });
  expect(calls).toBe(1);
  expect(systemClock.monotonic()).toBeGreaterThan(before);
  expect(systemClock.wall()).toBeGreaterThan(Date.UTC(2024, 0, 1));
});

test("a scheduled call can be cancelled", async () => {
  let called = false;
  const cancel = systemClock.schedule(1, () => {
    called = true;
  });
  cancel();
  await new Promise<void>((resolve) => {
    systemClock.schedule(5, resolve);
  });
  expect(called).toBe(false);
});

const DAY_MS = 86_400_000;

test.each([30 * DAY_MS, 366 * DAY_MS, Number.POSITIVE_INFINITY])(
  "a callback in %d ms is not called at once, and can be called off",
  async (delay) => {
    let called = false;
    const cancel = systemClock.schedule(delay, () => {
      called = true;
    });
    await new Promise<void>((resolve) => {
      systemClock.schedule(5, resolve);
    });
    cancel();
    expect(called).toBe(false);
  },
);

test.each([
  ["in one step", 100],
  ["in several steps", 250],
  ["in whole steps", 300],
])("a delay %s ends when it is over, and not before", (_, delay) => {
  const clock = new FakeClock();
  const steps: number[] = [];
  let calls = 0;
  const schedule: Clock["schedule"] = (step, callback) => {
    steps.push(step);
    return clock.schedule(step, callback);
  };
  scheduleInSteps(schedule, 100, delay, () => {
    calls += 1;
  });
  clock.advance(delay - 1);
  expect(calls).toBe(0);
  clock.advance(1);
  expect(calls).toBe(1);
  expect(Math.max(...steps)).toBeLessThanOrEqual(100);
  expect(clock.pending).toBe(0);
});

test("a delay in several steps can be called off in a later one", () => {
  const clock = new FakeClock();
  let calls = 0;
  const cancel = scheduleInSteps(
    (step, callback) => clock.schedule(step, callback),
    100,
    250,
    () => {
      calls += 1;
    },
  );
  clock.advance(150);
  cancel();
  clock.advance(1_000);
  expect(calls).toBe(0);
  expect(clock.pending).toBe(0);
});
