import { expect, test } from "bun:test";
import { runInSlices, runThrough, type Steps } from "../../../src/time/slices.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** Takes `cost` milliseconds of the clock for each of its steps. */
function* work(clock: FakeClock, steps: number, cost: number): Steps<string> {
  for (let step = 0; step < steps; step += 1) {
    clock.advance(cost);
    yield undefined;
  }
  return "done";
}

/** Pauses go on by themselves, and are counted. */
function counting() {
  let pauses = 0;
  return {
    defer: (callback: () => void) => {
      pauses += 1;
      queueMicrotask(callback);
    },
    pauses: () => pauses,
  };
}

test("work is done at once where nothing else waits", () => {
  expect(runThrough(work(new FakeClock(), 3, 100))).toBe("done");
});

test("work pauses as soon as its slice of time is over", async () => {
  const clock = new FakeClock();
  const { defer, pauses } = counting();
  expect(await runInSlices(work(clock, 10, 2), { clock, defer, slice: 5 })).toBe("done");
  expect(pauses()).toBe(3);
});

test("short work does not pause", async () => {
  const clock = new FakeClock();
  const { defer, pauses } = counting();
  expect(await runInSlices(work(clock, 10, 0.1), { clock, defer, slice: 5 })).toBe("done");
  expect(pauses()).toBe(0);
});

test("what the work throws in a later slice rejects", async () => {
  function* failing(clock: FakeClock): Steps<string> {
    yield* work(clock, 5, 5);
    throw new Error("in the middle");
  }
  const clock = new FakeClock();
  const { defer } = counting();
  const failed = runInSlices(failing(clock), { clock, defer, slice: 5 });
  expect(failed).rejects.toThrow("in the middle");
  await failed.catch(() => {});
});
