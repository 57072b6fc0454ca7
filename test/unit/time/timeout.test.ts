import { describe, expect, test } from "bun:test";
import { Timeout } from "../../../src/time/timeout.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function limited(milliseconds = 100) {
  const clock = new FakeClock();
  const late: [string, number][] = [];
  const limit = new Timeout<string>(clock, milliseconds, (item) =>
    late.push([item, clock.monotonic()]),
  );
  return { clock, late, limit };
}

describe("a timeout", () => {
  test("is up for each thing when its own time has passed", () => {
    const { clock, late, limit } = limited();
    limit.begin("a");
    clock.advance(30);
    limit.begin("b");
    limit.begin("c");
    clock.advance(1_000);
    expect(late).toEqual([
      ["a", 100],
      ["b", 130],
      ["c", 130],
    ]);
    expect(clock.pending).toBe(0);
  });

  test("takes one timer however many things it is for, and none for nothing", () => {
    const { clock, limit } = limited();
    const countdowns = Array.from({ length: 50 }, (_, index) => limit.begin(`${index}`));
    expect(clock.pending).toBe(1);
    for (const pendingTimeout of countdowns) limit.end(pendingTimeout);
    expect(clock.pending).toBe(0);
  });

  test.each([
    [["a"], ["b", "c", "d"]],
    [["b"], ["a", "c", "d"]],
    [["d"], ["a", "b", "c"]],
    [
      ["b", "c"],
      ["a", "d"],
    ],
    [["c", "b", "a"], ["d"]],
    [["a", "c", "d"], ["b"]],
    [["d", "c", "b", "a"], []],
  ])("does not hold for what has ended: %p", (ended, left) => {
    const { clock, late, limit } = limited();
    const countdowns = new Map(
      ["a", "b", "c", "d"].map((name) => {
        clock.advance(1);
        return [name, limit.begin(name)] as const;
      }),
    );
    for (const name of ended) limit.end(countdowns.get(name)!);
    clock.advance(1_000);
    expect(late.map(([item]) => item)).toEqual(left);
  });

  test("starts again after it had nothing to wait for", () => {
    const { clock, late, limit } = limited();
    limit.end(limit.begin("a"));
    clock.advance(70);
    limit.begin("b");
    clock.advance(99);
    expect(late).toEqual([]);
    clock.advance(1);
    expect(late).toEqual([["b", 170]]);
  });

  test("can be ended twice, and after its time was up", () => {
    const { clock, late, limit } = limited();
    const first = limit.begin("a");
    limit.begin("b");
    limit.end(first);
    limit.end(first);
    clock.advance(100);
    limit.end(first);
    expect(late).toEqual([["b", 100]]);
  });

  test("lets its callback end other countdowns, and begin more", () => {
    const clock = new FakeClock();
    const late: string[] = [];
    const limit = new Timeout<string>(clock, 100, (item) => {
      late.push(item);
      if (item === "a") {
        limit.end(other);
        limit.begin("c");
      }
    });
    limit.begin("a");
    const other = limit.begin("b");
    clock.advance(100);
    expect(late).toEqual(["a"]);
    clock.advance(100);
    expect(late).toEqual(["a", "c"]);
    expect(clock.pending).toBe(0);
  });

  test("of 0 is none", () => {
    const { clock, late, limit } = limited(0);
    const pendingTimeout = limit.begin("a");
    expect(clock.pending).toBe(0);
    clock.advance(1_000_000);
    limit.end(pendingTimeout);
    expect(late).toEqual([]);
  });

  test("may begin when something else is over", async () => {
    const { clock, late, limit } = limited();
    const { promise, resolve } = Promise.withResolvers<void>();
    limit.beginAfter(promise, "a");
    const ended = limit.beginAfter(promise, "b");
    limit.end(ended);
    clock.advance(1_000);
    resolve();
    await promise;
    clock.advance(99);
    expect(late).toEqual([]);
    clock.advance(1);
    expect(late).toEqual([["a", 1_100]]);
  });

  test("waits on when its timer comes a little early", () => {
    const clock = new FakeClock();
    const late: number[] = [];
    const hasty = {
      monotonic: () => clock.monotonic(),
      wall: () => clock.wall(),
      schedule: (delay: number, callback: () => void) =>
        clock.schedule(Math.ceil(delay / 2), callback),
    };
    new Timeout<string>(hasty, 100, () => late.push(clock.monotonic())).begin("a");
    clock.advance(1_000);
    expect(late).toEqual([100]);
  });

  test("can be up early, for the thing that began first", () => {
    const { clock, late, limit } = limited(1_000);
    expect(limit.isEmpty).toBe(true);
    expect(limit.firstBegan).toBeUndefined();
    clock.advance(30);
    limit.begin("a");
    clock.advance(5);
    expect(limit.firstBegan).toBe(30);
    const second = limit.begin("b");
    limit.begin("c");
    expect(limit.isEmpty).toBe(false);
    expect(limit.expireFirst()).toBe(true);
    limit.end(second);
    expect(limit.expireFirst()).toBe(true);
    expect(limit.expireFirst()).toBe(false);
    expect(late.map(([item]) => item)).toEqual(["a", "c"]);
    expect(clock.pending).toBe(0);
  });
});
