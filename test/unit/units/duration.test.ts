import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Duration, parseDuration } from "../../../src/units/duration.ts";

describe("a duration", () => {
  test.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
    ["0", 0],
    ["0s", 0],
    ["0.5ms", 0.5],
    ["1.005s", 1005],
    ["0.29s", 290],
    ["1m30s", 90_000],
    ["1h0m0s", 3_600_000],
    ["1h 30m", 5_400_000],
    ["500us", 0.5],
    ["500µs", 0.5],
    ["0.1us", 0.001],
    ["1 s", 1_000],
    ["30 sec", 30_000],
    ["30 seconds", 30_000],
    ["5 min", 300_000],
    ["2 hours", 7_200_000],
    ["1 day", 86_400_000],
    ["1w", 604_800_000],
    ["1.5 minutes", 90_000],
  ])("%s is %d milliseconds", (written, milliseconds) => {
    expect(parseDuration(written)).toBe(milliseconds);
  });

  test.each([
    "",
    "30",
    "s",
    "-1s",
    "1  s",
    "1S",
    "1.s",
    ".5s",
    "1e3s",
    "1m30",
    "1s\n",
    "1M",
    "1y",
    "1 secondss",
    "NaN",
    "1e9",
    "100ns",
  ])("cannot be %j", (written) => {
    expect(parseDuration(written)).toBeUndefined();
  });

  test("is finite, however long it is written", () => {
    expect(parseDuration(`${"9".repeat(15)}d`)).toBeFinite();
    expect(parseDuration(`${"9".repeat(400)}d`)).toBeUndefined();
  });
});

describe("a duration in the configuration", () => {
  const schema = Type.Object({ timeout: Duration({ description: "A timeout.", default: "3s" }) });

  test("is text with a unit, or 0", () => {
    expect(Value.Decode(schema, { timeout: "1m" })).toEqual({ timeout: 60_000 });
    expect(Value.Decode(schema, { timeout: 0 })).toEqual({ timeout: 0 });
    expect(Value.Check(schema, { timeout: 30 })).toBe(false);
    expect(Value.Check(schema, { timeout: "soon" })).toBe(false);
  });

  test("has its default in the same form", () => {
    expect(Value.Decode(schema, Value.Default(schema, {}))).toEqual({ timeout: 3_000 });
  });

  test("is written back so that it reads the same", () => {
    expect(Value.Encode(schema, { timeout: 1_500 })).toEqual({ timeout: "1500ms" });
  });

  test("is at most a year, unless it says otherwise", () => {
    expect(Value.Decode(schema, { timeout: "365d" })).toEqual({ timeout: 31_536_000_000 });
    expect(() => Value.Decode(schema, { timeout: "8761h" })).toThrow(
      "`8761h` is too long: this is at most 365d",
    );
    const longer = Duration({ description: "An age.", longestDays: 1_000 });
    expect(Value.Decode(longer, "730d")).toBe(63_072_000_000);
  });

  test.each([
    ["30", "it needs a unit: write `30s` for seconds"],
    ["3000", "it needs a unit: write `3000ms` for milliseconds, `3000s` for seconds"],
    ["30000000000", "it needs a unit: write `30s`, if nanoseconds are meant"],
    ["1m30", "write `1m30s`"],
    ["-1s", "a duration cannot be negative"],
    ["30S", "write `30s`"],
    ["5 Minutes", "write `5 minutes`"],
    ["1M", "write `1m` for a minute, `30d` for a month"],
    ["2 years", "there is no unit for years: write days, like `365d`"],
    ["100ns", "the shortest unit is `us`"],
    ["soon", undefined],
  ])("written as %s is answered with the form that is meant", (written, advice) => {
    expect(schema.properties.timeout["advice"](written)).toBe(advice);
  });
});
