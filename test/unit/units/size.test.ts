import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parseSize, Size } from "../../../src/units/size.ts";

describe("a size", () => {
  test.each([
    ["0B", 0],
    ["64KiB", 65_536],
    ["10MB", 10_000_000],
    ["1GiB", 1_073_741_824],
    ["2TB", 2e12],
    ["1.5KiB", 1536],
    ["4.35MB", 4_350_000],
    ["0.3B", 0],
    ["10 MB", 10_000_000],
    ["64 KiB", 65_536],
    ["10mb", 10_000_000],
    ["64kib", 65_536],
    ["10M", 10_485_760],
    ["10m", 10_485_760],
    ["64k", 65_536],
    ["1G", 1_073_741_824],
    ["100 bytes", 100],
  ])("%s is %d bytes", (written, bytes) => {
    expect(parseSize(written)).toBe(bytes);
  });

  test.each([
    "",
    "10",
    "MB",
    "-1MB",
    "10  MB",
    "10 megabytes",
    "1PB",
    "10iB",
    "1e3B",
    `${"9".repeat(16)}B`,
  ])("cannot be %j", (written) => {
    expect(parseSize(written)).toBeUndefined();
  });
});

describe("a size in the configuration", () => {
  const schema = Type.Object({ limit: Size({ description: "A limit.", default: "1KiB" }) });

  test("is text with a unit, or a whole number of bytes", () => {
    expect(Value.Decode(schema, { limit: "1MB" })).toEqual({ limit: 1_000_000 });
    expect(Value.Decode(schema, { limit: 512 })).toEqual({ limit: 512 });
    expect(Value.Check(schema, { limit: -1 })).toBe(false);
    expect(Value.Check(schema, { limit: 1.5 })).toBe(false);
    expect(Value.Check(schema, { limit: "much" })).toBe(false);
  });

  test("has its default in either form", () => {
    expect(Value.Decode(schema, Value.Default(schema, {}))).toEqual({ limit: 1024 });
  });

  test("is written back in bytes", () => {
    expect(Value.Encode(schema, { limit: 1024 })).toEqual({ limit: 1024 });
  });
});
