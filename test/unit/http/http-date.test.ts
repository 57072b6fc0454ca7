import { expect, test } from "bun:test";
import { parseHttpDate } from "../../../src/http/http-date.ts";

const NOW = Date.UTC(2026, 0, 1);
const MOMENT = Date.UTC(1994, 10, 6, 8, 49, 37);

test.each([
  ["Sun, 06 Nov 1994 08:49:37 GMT", MOMENT],
  ["Sunday, 06-Nov-94 08:49:37 GMT", MOMENT],
  ["Sun Nov  6 08:49:37 1994", MOMENT],
  ["Thu, 29 Feb 2024 23:59:60 GMT", Date.UTC(2024, 2, 1)],
  ["Thursday, 18-Aug-50 02:01:18 GMT", Date.UTC(2050, 7, 18, 2, 1, 18)],
  ["Thursday, 18-Aug-77 02:01:18 GMT", Date.UTC(1977, 7, 18, 2, 1, 18)],
  ["Sun, 06 Nov 0001 08:49:37 GMT", new Date("0001-11-06T08:49:37Z").getTime()],
])("%s is a date", (written, moment) => {
  expect(parseHttpDate(written, NOW)).toBe(moment);
});

test.each([
  "",
  "0",
  "-1",
  "now",
  "2026-01-01T00:00:00Z",
  "Sun, 6 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37 UTC",
  "Sun, 06 Nov 1994 8:49:37 GMT",
  "Sun, 06 Nov 1994 24:00:00 GMT",
  "Sun, 06 NOV 1994 08:49:37 GMT",
  "Sun, 31 Feb 1994 08:49:37 GMT",
  "Sun, 00 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 94 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
])("%j is none", (written) => {
  expect(parseHttpDate(written, NOW)).toBeUndefined();
});
