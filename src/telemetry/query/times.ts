import { parseDuration } from "../../units/duration.ts";

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|[+-]\d\d:?\d\d)?$/i;

/**
 * Reads a time as epoch milliseconds: "10m" or "10m ago" (before `now`), "now", "2026-11-25",
 * "2026-11-25 21:06", "2026-11-25T21:06:30.123Z", with or without a zone; UTC without one. A time before
 * 1970, of which no log knows anything, is the beginning of 1970. Undefined for anything else.
 */
export function parseTime(written: string, now: number): number | undefined {
  if (written === "now") return now;
  const ago = parseDuration(written.replace(/^-| ago$/g, ""));
  if (ago !== undefined) return known(now - ago);
  if (DAY.test(written)) return known(Date.parse(`${written}T00:00:00Z`));
  const [, day, time, zone = "Z"] = TIME.exec(written) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const signed = zone.toUpperCase().replace(/^([+-]\d\d):?(\d\d)$/, "$1:$2");
  return known(Date.parse(`${day}T${time}${signed}`));
}

const known = (time: number): number | undefined =>
  Number.isNaN(time) ? undefined : Math.max(0, time);
