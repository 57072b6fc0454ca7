import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { IndexHeap } from "../../../src/upstream/balancers/index-heap.ts";

test("indexes come out by their keys, and by themselves where keys are equal", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 });
  fc.assert(
    fc.property(keys, fc.integer({ min: -5, max: 5 }), (keys, shift) => {
      const heap = new IndexHeap(keys.length);
      for (const [index, key] of keys.entries()) heap.push(index, key);
      heap.shift(shift);
      const sorted = [...keys.entries()].sort(([i, x], [j, y]) => x - y || i - j);
      for (const [index, key] of sorted) {
        expect(heap.leastKey).toBe(key + shift);
        expect(heap.pop()).toBe(index);
      }
    }),
  );
});

test("an empty heap gives nothing", () => {
  const heap = new IndexHeap(3);
  expect(heap.pop()).toBe(-1);
  expect(heap.leastKey).toBe(Infinity);
  expect(heap.size).toBe(0);
});
