import { describe, expect, test } from "bun:test";
import { IdleTimeout } from "../../../src/time/idle-timeout.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function watched(timeout: number) {
  const clock = new FakeClock();
  const idleAt: number[] = [];
  const watch = new IdleTimeout(clock, timeout, () => idleAt.push(clock.monotonic()));
  return { clock, idleAt, watch };
}

describe("a watch for idleness", () => {
  test("calls back once when nothing has happened for the time", () => {
    const { clock, idleAt } = watched(1_000);
    clock.advance(999);
    expect(idleAt).toEqual([]);
    clock.advance(100_000);
    expect(idleAt).toEqual([1_000]);
    expect(clock.pending).toBe(0);
  });

  test("counts from the last touch", () => {
    const { clock, idleAt, watch } = watched(1_000);
    clock.advance(400);
    watch.touch();
    clock.advance(900);
    watch.touch();
    clock.advance(999);
    expect(idleAt).toEqual([]);
    clock.advance(1);
    expect(idleAt).toEqual([2_300]);
  });

  test("has one timer, however often it is touched", () => {
    const { clock, watch } = watched(1_000);
    for (let count = 0; count < 50; count += 1) {
      clock.advance(100);
      watch.touch();
      expect(clock.pending).toBe(1);
    }
  });

  test("does not call back after it was stopped, touched or not", () => {
    const { clock, idleAt, watch } = watched(1_000);
    clock.advance(500);
    watch.touch();
    clock.advance(600);
    watch.stop();
    watch.touch();
    expect(clock.pending).toBe(0);
    clock.advance(10_000);
    expect(idleAt).toEqual([]);
  });

  test("of no time watches nothing", () => {
    const { clock, idleAt, watch } = watched(0);
    expect(clock.pending).toBe(0);
    watch.touch();
    watch.stop();
    clock.advance(10_000);
    expect(idleAt).toEqual([]);
  });
});
