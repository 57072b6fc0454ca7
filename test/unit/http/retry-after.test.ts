import { describe, expect, test } from "bun:test";
import { parseRetryAfter } from "../../../src/http/retry-after.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 30);

describe("Retry-After", () => {
  test.each([
    ["0", 0],
    ["120", 120_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 7_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 7_000],
    ["Sun Nov  6 08:49:37 1994", 7_000],
    ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
  ])("of %j is %d ms", (written, milliseconds) => {
    expect(parseRetryAfter(written, NOW)).toBe(milliseconds);
  });

  test.each([
    "",
    "-1",
    "1.5",
    "soon",
    "1994-11-06",
    "Sun, 99 Nov 1994 08:49:37 GMT",
    "9".repeat(16),
  ])("of %j means nothing", (written) => {
    expect(parseRetryAfter(written, NOW)).toBeUndefined();
  });
});
