import { describe, expect, test } from "bun:test";
import { ExpiringMap } from "../../../src/time/expiring-map.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("ExpiringMap", () => {
  test("keeps a value until its time and no longer", () => {
    const clock = new FakeClock();
    const map = new ExpiringMap<string, number>(clock, { most: 10 });
    map.set("a", 1, clock.monotonic() + 1_000);
    clock.advance(999);
    expect(map.get("a")).toBe(1);
    clock.advance(1);
    expect(map.get("a")).toBeUndefined();
    expect(map.size).toBe(0);
  });

  test("drops the oldest beyond the number that it may keep; setting a value again makes it young", () => {
    const map = new ExpiringMap<string, number>(new FakeClock(), { most: 2 });
    map.set("a", 1, Infinity);
    map.set("b", 2, Infinity);
    map.set("a", 3, Infinity);
    map.set("c", 4, Infinity);
    expect(map.get("a")).toBe(3);
    expect(map.get("b")).toBeUndefined();
    expect(map.get("c")).toBe(4);
  });

  test("drops the oldest beyond the weight that it may keep, and does not keep what alone weighs more", () => {
    const map = new ExpiringMap<string, number>(new FakeClock(), { most: 10, mostWeight: 10 });
    map.set("a", 1, Infinity, 6);
    map.set("b", 2, Infinity, 5);
    expect([map.get("a"), map.get("b")]).toEqual([undefined, 2]);
    map.set("c", 3, Infinity, 11);
    expect(map.size).toBe(0);
    map.set("d", 4, Infinity, 10);
    expect(map.get("d")).toBe(4);
  });

  test("drops expired values before others that still count", () => {
    const clock = new FakeClock();
    const map = new ExpiringMap<string, number>(clock, { most: 2 });
    map.set("a", 1, clock.monotonic() + 10);
    map.set("b", 2, Infinity);
    clock.advance(10);
    map.set("c", 3, Infinity);
    expect([map.get("b"), map.get("c")]).toEqual([2, 3]);
  });
});
