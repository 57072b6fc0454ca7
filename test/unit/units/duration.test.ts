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
  ])("%s is %d milliseconds", (written, milliseconds) => {
    expect(parseDuration(written)).toBe(milliseconds);
  });

  test.each(["", "30", "s", "-1s", "1 s", "1S", "1.s", ".5s", "1e3s", "1m30s", "1s\n", "1w"])(
    "cannot be %j",
    (written) => {
      expect(parseDuration(written)).toBeUndefined();
    },
  );

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
});
