/**
 * Reads Retry-After, in seconds or as a date (RFC 9110 section 10.2.3), as milliseconds from `now`, the
 * Unix epoch milliseconds; undefined for anything else. A date that has passed is 0.
 */
export function parseRetryAfter(written: string, now: number): number | undefined {
  if (/^[0-9]{1,15}$/.test(written)) return Number(written) * 1_000;
  // Every form of date names the day of the week first; Date.parse takes much else. The oldest form has
  // no time zone and means GMT.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(written)) return undefined;
  const date = Date.parse(written.endsWith(" GMT") ? written : `${written} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
