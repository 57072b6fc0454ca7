import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parseRate, Rate } from "../../../src/units/rate.ts";

describe("a rate", () => {
  test.each([
    ["50/s", 50],
    ["600/m", 10],
    ["1800/h", 0.5],
    ["86400/d", 1],
    ["0.5/s", 0.5],
    ["0/s", 0],
    ["600/min", 10],
    ["10/sec", 10],
    ["10/second", 10],
    ["10 r/s", 10],
    ["10r/s", 10],
    ["10 req/s", 10],
    ["10rps", 10],
    ["600 rpm", 10],
    ["3600 per hour", 1],
    ["86400 requests per day", 1],
    ["5 /s", 5],
    ["600 / minute", 10],
  ])("%s is %d per second", (written, perSecond) => {
    expect(parseRate(written)?.perSecond).toBe(perSecond);
  });

  test("knows the number that is written", () => {
    expect(parseRate("600/m")).toEqual({ perSecond: 10, count: 600 });
  });

  test.each(["", "50", "/s", "-1/s", "5/ms", "5/s/s", "1e3/s", "5 per", "100/10s", "5rp"])(
    "cannot be %j",
    (written) => {
      expect(parseRate(written)).toBeUndefined();
    },
  );
});

describe("a rate in the configuration", () => {
  const schema = Type.Object({ rate: Rate({ description: "A rate.", default: 5 }) });

  test("is a number per second, or text with a unit of time", () => {
    expect(Value.Decode(schema, { rate: 0.1 })).toEqual({
      rate: { perSecond: 0.1, count: 0.1 },
    });
    expect(Value.Decode(schema, { rate: "60/m" })).toEqual({
      rate: { perSecond: 1, count: 60 },
    });
    expect(Value.Check(schema, { rate: 0 })).toBe(false);
  });

  test("has a default", () => {
    expect(Value.Decode(schema, Value.Default(schema, {}))).toEqual({
      rate: { perSecond: 5, count: 5 },
    });
  });

  test("is written back per second", () => {
    expect(Value.Encode(schema, { rate: { perSecond: 10, count: 600 } })).toEqual({ rate: 10 });
  });

  test.each([
    ["100/10s", "write `10/s`"],
    ["1 per 10s", "write `6/m`"],
    ["5/fortnight", undefined],
    ["5/0s", undefined],
  ])("written as %s is answered with the form that is meant", (written, advice) => {
    expect(schema.properties.rate["advice"](written)).toBe(advice);
  });
});
