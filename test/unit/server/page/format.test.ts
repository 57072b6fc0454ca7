import { describe, expect, test } from "bun:test";
import {
  agoText,
  bytesText,
  clockText,
  counted,
  countText,
  dayText,
  durationText,
  exactText,
  exactTimeText,
  percentText,
  rateText,
  rowTimeText,
  timeText,
} from "../../../../src/server/admin/page/app/data/format.ts";

test.each([
  [null, "–"],
  [0, "0 ms"],
  [0.0004, "1 µs"],
  [0.042, "42 µs"],
  [0.417, "0.42 ms"],
  [12.34, "12.3 ms"],
  [100, "100 ms"],
  [999, "999 ms"],
  [1240, "1.24 s"],
  [10_000, "10 s"],
  [90_000, "1.5 min"],
  [7_200_000, "2 h"],
  [172_800_000, "2 d"],
])("%p milliseconds are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [0, "0 %"],
  [0.0004, "<0.1 %"],
  [0.0125, "1.3 %"],
  [0.1, "10 %"],
  [1, "100 %"],
])("the ratio %p is %s", (ratio, text) => {
  expect(percentText(ratio)).toBe(text);
});

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [1200, "1.2 KiB"],
  [123_456, "121 KiB"],
  [5_000_000_000, "4.7 GiB"],
])("%p bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test("counts are exact as long as there is room for them", () => {
  expect([countText(9_999), countText(12_345), exactText(12_345)]).toEqual([
    "9,999",
    "12.3K",
    "12,345",
  ]);
  expect([rateText(0), rateText(0.42), rateText(12.4), rateText(1_234)]).toEqual([
    "0",
    "0.4",
    "12",
    "1,234",
  ]);
  expect([counted(1, "backend"), counted(3, "backend")]).toEqual(["1 backend", "3 backends"]);
});

test("times are told from now", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  const at = (text: string) => agoText(text, now);
  expect(agoText(null)).toBe("never");
  expect(at("2026-11-26T11:59:58Z")).toBe("just now");
  expect(at("2026-11-26T11:59:20Z")).toBe("40 s ago");
  expect(at("2026-11-26T11:30:00Z")).toBe("30 min ago");
  expect(at("2026-11-25T14:00:00Z")).toBe("22 h ago");
  expect(at("2026-12-06T12:00:00Z")).toBe("in 10 d");
});

describe("a time", () => {
  test("of today needs no date, and an older one does", () => {
    const now = new Date();
    expect(rowTimeText(now.toISOString())).toBe(clockText(now.getTime()));
    expect(exactTimeText(now.toISOString())).toStartWith(clockText(now.getTime()));
    const old = "2020-05-06T07:08:09.012Z";
    expect(rowTimeText(old)).toMatch(/ May,? /);
    expect(exactTimeText(old)).toMatch(/May 2020.*\.012$/);
    expect(dayText(old)).toMatch(/May 2020$/);
  });

  test("on an axis is as exact as its range", () => {
    const at = Date.parse("2020-05-06T07:08:09Z");
    expect(timeText(at, 300_000)).toMatch(/:08:09$/);
    expect(timeText(at, 6 * 3_600_000)).toMatch(/May.*:08$/);
    expect(timeText(Date.now(), 6 * 3_600_000)).toMatch(/^[0-9]{2}:[0-9]{2}$/);
  });
});
