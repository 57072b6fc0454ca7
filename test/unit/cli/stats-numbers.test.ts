import { expect, test } from "bun:test";
import { csvLine } from "../../../src/cli/csv.ts";
import {
  bytesText,
  countText,
  latencyText,
  percentText,
  sparkline,
} from "../../../src/cli/stats/numbers.ts";

test("counts have groups of three digits", () => {
  expect([0, 999, 1_000, 1_234_567].map(countText)).toEqual(["0", "999", "1,000", "1,234,567"]);
});

test("latencies, sizes and shares are short", () => {
  expect([null, 0.001, 0.42, 9.96, 12.6, 999.9, 1_500, 90_000].map(latencyText)).toEqual([
    "-",
    "0.001ms",
    "0.42ms",
    "10ms",
    "13ms",
    "1s",
    "1.5s",
    "1.5m",
  ]);
  expect([0, 999, 1_000, 1_536, 2 ** 30, 2 ** 60].map(bytesText)).toEqual([
    "0B",
    "999B",
    "0.98KiB",
    "1.5KiB",
    "1GiB",
    "1024PiB",
  ]);
  expect([0, 0.00001, 0.0004, 0.123, 0.9999, 1].map(percentText)).toEqual([
    "0%",
    "<0.01%",
    "0.04%",
    "12%",
    "99.99%",
    "100%",
  ]);
});

test("a sparkline is as high as its largest number, and blank where there is nothing", () => {
  expect(sparkline([0, 1, 4, 8], 10)).toBe(" ▁▄█");
  expect(sparkline([1, 1, 2, 2, 4], 3)).toBe("▄██");
  expect(sparkline([], 3)).toBe("");
});

test("cells of comma-separated values are quoted where they must be", () => {
  expect(csvLine(["a", 1, null, 'b"c', "d,e", "f\ng"])).toBe('a,1,,"b""c","d,e","f\ng"\r\n');
});
