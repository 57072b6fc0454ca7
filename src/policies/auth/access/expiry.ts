import { Type } from "@sinclair/typebox";

const EXPECTED = "a date like 2027-01-31, or a time like 2027-01-31T18:00:00Z";

/** A date, or a time with its offset from UTC (RFC 3339). */
const WRITTEN =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)([Zz]|[+-][0-9]{2}:[0-9]{2}))?$/;

/**
 * Reads a time as Unix epoch milliseconds; a date is its beginning in UTC. Undefined for anything else,
 * the 30th of February too.
 */
export function parseTime(written: string): number | undefined {
  const [, date, time, offset = "Z"] = WRITTEN.exec(written) ?? [];
  if (date === undefined) return undefined;
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return undefined;
  if (time === undefined) return day;
  const at = Date.parse(`${date}T${time}${offset.toUpperCase()}`);
  return Number.isNaN(at) ? undefined : at;
}

/** The schema of a time at which something ends; Unix epoch milliseconds in code. */
export function Expiry(description: string) {
  return Type.Transform(Type.String({ description, expected: EXPECTED }))
    .Decode((written) => {
      const time = parseTime(written);
      if (time === undefined) throw new Error(`expected ${EXPECTED}`);
      return time;
    })
    .Encode((time) => new Date(time).toISOString());
}
