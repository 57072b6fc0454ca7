import { expect, test } from "bun:test";
import { systemClock } from "../../../src/time/clock.ts";

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

test("what was scheduled can be called off", async () => {
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
