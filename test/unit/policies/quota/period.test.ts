import { describe, expect, test } from "bun:test";
import { Calendar, isTimeZone, type Per } from "../../../../src/policies/quota/period.ts";

function periodOf(per: Per, zone: string, moment: string): string[] {
  const { begins, ends } = new Calendar(per, zone).periodAt(Date.parse(moment));
  return [begins, ends].map((time) => new Date(time).toISOString().replace(":00.000Z", "Z"));
}

describe("a period", () => {
  test.each([
    ["day", "2026-03-04T12:00:00Z", "2026-03-04T00:00Z", "2026-03-05T00:00Z"],
    ["day", "2026-03-04T00:00:00Z", "2026-03-04T00:00Z", "2026-03-05T00:00Z"],
    ["day", "2026-03-04T23:59:59.999Z", "2026-03-04T00:00Z", "2026-03-05T00:00Z"],
    ["week", "2026-01-01T12:00:00Z", "2025-12-29T00:00Z", "2026-01-05T00:00Z"],
    ["week", "2026-01-04T23:59:59Z", "2025-12-29T00:00Z", "2026-01-05T00:00Z"],
    ["week", "2026-01-05T00:00:00Z", "2026-01-05T00:00Z", "2026-01-12T00:00Z"],
    ["month", "2024-02-29T12:00:00Z", "2024-02-01T00:00Z", "2024-03-01T00:00Z"],
    ["month", "2026-12-31T23:59:59Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"],
  ] as const)("of a %s in UTC at %s is from %s to %s", (per, moment, begins, ends) => {
    expect(periodOf(per, "UTC", moment)).toEqual([begins, ends]);
  });

  test.each([
    [
      "in a zone east of UTC",
      "day",
      "Asia/Kolkata",
      "2026-02-10T19:00:00Z",
      "2026-02-10T18:30Z",
      24,
    ],
    [
      "in a zone west of UTC",
      "day",
      "America/New_York",
      "2026-02-10T04:00:00Z",
      "2026-02-09T05:00Z",
      24,
    ],
    ["with a fixed offset", "day", "+05:30", "2026-02-10T00:00:00Z", "2026-02-09T18:30Z", 24],
    [
      "when clocks are set forward",
      "day",
      "Europe/Berlin",
      "2026-03-29T12:00:00Z",
      "2026-03-28T23:00Z",
      23,
    ],
    [
      "when clocks are set back",
      "day",
      "Europe/Berlin",
      "2026-10-25T12:00:00Z",
      "2026-10-24T22:00Z",
      25,
    ],
    [
      "when midnight is skipped",
      "day",
      "Africa/Cairo",
      "2026-04-24T12:00:00Z",
      "2026-04-23T22:00Z",
      23,
    ],
    [
      "when midnight comes twice, before",
      "day",
      "America/Havana",
      "2026-11-01T04:30:00Z",
      "2026-11-01T04:00Z",
      25,
    ],
    [
      "when midnight comes twice, after",
      "day",
      "America/Havana",
      "2026-11-01T05:30:00Z",
      "2026-11-01T04:00Z",
      25,
    ],
    [
      "with a month of summer time",
      "month",
      "Europe/Berlin",
      "2026-03-15T12:00:00Z",
      "2026-02-28T23:00Z",
      743,
    ],
    [
      "with a week that changes",
      "week",
      "Europe/Berlin",
      "2026-10-21T12:00:00Z",
      "2026-10-18T22:00Z",
      169,
    ],
  ] as const)("%s begins at the first moment there", (_when, per, zone, moment, begins, hours) => {
    const [from = "", to = ""] = periodOf(per, zone, moment);
    expect(from).toBe(begins);
    expect((Date.parse(to) - Date.parse(from)) / 3_600_000).toBe(hours);
  });

  test("follows the one before without a gap, also over a day that a zone has skipped", () => {
    for (const zone of ["UTC", "Pacific/Apia", "America/Havana", "Africa/Cairo", "Asia/Tehran"]) {
      const calendar = new Calendar("day", zone);
      let period = calendar.periodAt(Date.UTC(2011, 11, 20));
      for (let day = 0; day < 20; day += 1) {
        const next = calendar.periodAt(period.ends);
        expect(next.begins).toBe(period.ends);
        expect(calendar.periodAt(period.ends - 1)).toEqual(period);
        period = next;
      }
    }
  });

  test("is in a time zone that there is", () => {
    expect(["Europe/Berlin", "UTC", "Mars/Olympus", ""].map(isTimeZone)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(() => new Calendar("day", "Mars/Olympus")).toThrow(RangeError);
  });
});
