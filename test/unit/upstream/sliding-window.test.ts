import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { SlidingWindow } from "../../../src/upstream/breaker/sliding-window.ts";

test("a window counts what ended within its last nine tenths to ten tenths, and nothing older", () => {
  const request = fc.record({ after: fc.nat({ max: 4_000 }), hasFailed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 200 }), (requests) => {
      const window = new SlidingWindow(1_000);
      const seen: { at: number; hasFailed: boolean }[] = [];
      let now = 0;
      for (const { after, hasFailed } of requests) {
        now += after / 4;
        window.add(hasFailed, now);
        seen.push({ at: now, hasFailed });
        const begin = (Math.floor(now / 100) - 9) * 100;
        const counted = seen.filter(({ at }) => at >= begin);
        expect(window.total).toBe(counted.length);
        expect(window.failed).toBe(counted.filter((one) => one.hasFailed).length);
      }
    }),
  );
});

test("a window that is cleared is empty, and goes on from there", () => {
  const window = new SlidingWindow(1_000);
  window.add(true, 50);
  window.add(true, 950);
  window.clear();
  expect([window.total, window.failed]).toEqual([0, 0]);
  window.add(false, 1_900);
  expect([window.total, window.failed]).toEqual([1, 0]);
});

test("a window is not confused by a long time without requests", () => {
  const window = new SlidingWindow(100);
  window.add(true, 1);
  window.add(false, 1e12);
  expect([window.total, window.failed]).toEqual([1, 0]);
});
