import { describe, expect, test } from "bun:test";
import { runThrough } from "../../../src/time/slices.ts";
import { Lifetimes } from "../../../src/runtime/lifetimes.ts";

/** Creates values that are distinguished by their number, and records those that have ended. */
function numbered() {
  const ended: number[] = [];
  let made = 0;
  return {
    ended,
    make: () => ({ number: (made += 1) }),
    end: ({ number }: { number: number }) => void ended.push(number),
  };
}

describe("what outlives a snapshot", () => {
  test("is made once for a key, and ends with its last holder", () => {
    const lifetimes = new Lifetimes();
    const { make, end, ended } = numbered();
    const first = lifetimes.acquire("a", make, end);
    expect(lifetimes.acquire("a", make, end)).toBe(first);
    expect(lifetimes.acquire("b", make, end)).toEqual({ number: 2 });
    lifetimes.release("a");
    expect(ended).toEqual([]);
    lifetimes.release("a");
    expect(ended).toEqual([1]);
    expect(lifetimes.size).toBe(1);
    expect(lifetimes.acquire("a", make, end)).toEqual({ number: 3 });
  });

  test("is not ended twice, nor by a key that nobody holds", () => {
    const lifetimes = new Lifetimes();
    const { make, end, ended } = numbered();
    lifetimes.acquire("a", make, end);
    for (const key of ["a", "a", "b"]) lifetimes.release(key);
    expect(ended).toEqual([1]);
  });

  test("is not held when it could not be made", () => {
    const lifetimes = new Lifetimes();
    const fail = (): never => {
      throw new Error("no");
    };
    expect(() => lifetimes.acquire("a", fail)).toThrow("no");
    expect(lifetimes.size).toBe(0);
  });
});

test("what takes time to end is waited for", async () => {
  const lifetimes = new Lifetimes();
  const { promise, resolve } = Promise.withResolvers<void>();
  const order: string[] = [];
  await lifetimes.ended();
  lifetimes.acquire(
    "a",
    () => ({}),
    () => promise,
  );
  lifetimes.release("a");
  const ended = lifetimes.ended().then(() => order.push("all has ended"));
  await Promise.resolve();
  order.push("one ends");
  resolve();
  await ended;
  expect(order).toEqual(["one ends", "all has ended"]);
});

describe("a lease", () => {
  test("hands over to the next what both use, and ends what only the first has used", () => {
    const lifetimes = new Lifetimes();
    const { make, end, ended } = numbered();
    const first = lifetimes.lease();
    const kept = first.keep("kept", make, end);
    first.keep("dropped", make, end);
    const second = lifetimes.lease();
    expect(second.keep("kept", make, end)).toBe(kept);
    runThrough(first.endInSteps());
    runThrough(first.endInSteps());
    expect(ended).toEqual([2]);
    runThrough(second.endInSteps());
    expect(ended).toEqual([2, 1]);
    expect(lifetimes.size).toBe(0);
  });

  test("distinguishes scopes, however they are written", () => {
    const lease = new Lifetimes().lease();
    const { make } = numbered();
    const things = [
      lease.under("rate_limit", "/a")("x", make),
      lease.under("rate_limit", "/a x")("", make),
      lease.under("rate_limit /a")("x", make),
      lease.under("cors", "/a")("x", make),
    ];
    expect(new Set(things).size).toBe(4);
  });
});
