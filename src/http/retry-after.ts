import { parseHttpDate } from "./http-date.ts";

/**
 * Reads Retry-After, in seconds or as a date (RFC 9110 section 10.2.3), as milliseconds from `now`, the
 * Unix epoch milliseconds; undefined for anything else. A date that has passed is 0.
 */
export function parseRetryAfter(written: string, now: number): number | undefined {
  if (/^[0-9]{1,15}$/.test(written)) return Number(written) * 1_000;
  const date = parseHttpDate(written, now);
  return date === undefined ? undefined : Math.max(0, date - now);
}
