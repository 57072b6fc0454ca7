import { expect, test } from "bun:test";
import { DroppedRows } from "../../../../src/telemetry/access-log/dropped-rows.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { Reports } from "./support.ts";

test("dropped rows are reported together, at most once in ten seconds", () => {
  const clock = new FakeClock();
  const reports = new Reports();
  const dropped = new DroppedRows(clock, reports.add);
  const counts = () => reports.all.map(({ message }) => /\d+/.exec(message)?.[0]);

  for (let row = 0; row < 5; row++) dropped.countAndReport(1);
  clock.advance(1_000);
  expect(counts()).toEqual(["5"]);
  dropped.countAndReport(3);
  clock.advance(9_000);
  expect(counts()).toEqual(["5"]);
  dropped.countAndReport(4);
  clock.advance(1_000);
  expect(counts()).toEqual(["5", "7"]);
  clock.advance(60_000);
  expect(counts()).toEqual(["5", "7"]);
  expect(dropped.total).toBe(12);
});

test("rows whose loss others report are counted only", () => {
  const reports = new Reports();
  const dropped = new DroppedRows(new FakeClock(), reports.add);
  dropped.count(2);
  dropped.flush();
  expect(dropped.total).toBe(2);
  expect(reports.all).toEqual([]);
});
