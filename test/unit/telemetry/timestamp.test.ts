import { describe, expect, test } from "bun:test";
import { assert, integer, property } from "fast-check";
import { readTimestamp, timestampFormatter } from "../../../src/telemetry/timestamp.ts";

describe("timestampFormatter", () => {
  test("times come out as Date's ISO text, in any order", () => {
    const format = timestampFormatter();
    const time = integer({ min: 0, max: Date.UTC(2100, 0) });
    assert(
      property(time, integer({ min: 0, max: 3000 }), (milliseconds, later) => {
        for (const value of [milliseconds, milliseconds + later, milliseconds]) {
          expect(format(value)).toBe(new Date(value).toISOString());
        }
      }),
    );
  });

  test("fractions of a millisecond are cut off", () => {
    expect(timestampFormatter()(999.9)).toBe("1970-01-01T00:00:00.999Z");
  });
});

describe("readTimestamp", () => {
  const cases: [unknown, string | undefined][] = [
    ["2026-11-23T15:01:26.123Z", "2026-11-23T15:01:26.123Z"],
    ["2026-11-23T15:01:26Z", "2026-11-23T15:01:26.000Z"],
    ["2026-11-23 15:01:26", "2026-11-23T15:01:26.000Z"],
    ["2026-11-23 15:01:26.123456789+02:00", "2026-11-23T13:01:26.123Z"],
    ["2026-11-23 15:01:26.5 -0100 MST m=+0.1", "2026-11-23T16:01:26.500Z"],
    [1_795_446_086, "2026-11-23T15:01:26.000Z"],
    [1_795_446_086_123, "2026-11-23T15:01:26.123Z"],
    ["yesterday", undefined],
    [null, undefined],
  ];
  test.each(cases)("%p is read as %p", (written, expected) => {
    expect(readTimestamp(written)).toBe(expected);
  });
});
