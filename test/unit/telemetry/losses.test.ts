import { expect, test } from "bun:test";
import { Losses } from "../../../src/telemetry/losses.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function losses(clock = new FakeClock()) {
  const told: string[] = [];
  const of = new Losses(clock, 10_000, (count, reason) => told.push(`${count} ${reason}`));
  return { of, told, clock };
}

test("losses are reported together, at most once in an interval", () => {
  const { of, told, clock } = losses();
  for (let row = 0; row < 5; row++) of.report(1, "full");
  clock.advance(1_000);
  expect(told).toEqual(["5 full"]);
  of.report(3, "full");
  clock.advance(9_000);
  expect(told).toEqual(["5 full"]);
  of.report(4, "late");
  clock.advance(1_000);
  expect(told).toEqual(["5 full", "7 late"]);
  clock.advance(60_000);
  expect(told).toHaveLength(2);
  expect(of.total).toBe(12);
});

test("what is not yet reported is reported at once when asked", () => {
  const { of, told, clock } = losses();
  of.report(2, "full");
  of.flush();
  clock.advance(60_000);
  expect(told).toEqual(["2 full"]);
});

test("items whose loss others report are counted only", () => {
  const { of, told } = losses();
  of.count(2);
  of.flush();
  expect(of.total).toBe(2);
  expect(told).toEqual([]);
});
