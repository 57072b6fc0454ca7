/**
 * Reads an HTTP-date in any of its three forms (RFC 9110 section 5.6.7), as milliseconds since the Unix
 * epoch; undefined for anything else. `now`, in the same unit, decides the century of two-digit years.
 */
export function parseHttpDate(written: string, now: number): number | undefined {
  const parts = IMF.exec(written) ?? RFC_850.exec(written);
  if (parts !== null) {
    const [, day = "", month = "", year = "", time = ""] = parts;
    return dateOf(year.length === 2 ? fullYear(year, now) : Number(year), month, day, time);
  }
  const [, month, day = "", time = "", year = ""] = ASCTIME.exec(written) ?? [];
  return month === undefined ? undefined : dateOf(Number(year), month, day, time);
}

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(${MONTHS.join("|")})`;
const TIME = "([0-2][0-9]:[0-5][0-9]:[0-6][0-9])";

const IMF = new RegExp(`^${DAY}, ([0-3][0-9]) ${MONTH} ([0-9]{4}) ${TIME} GMT$`);
const RFC_850 = new RegExp(`^${LONG_DAY}, ([0-3][0-9])-${MONTH}-([0-9]{2}) ${TIME} GMT$`);
const ASCTIME = new RegExp(`^${DAY} ${MONTH} ([0-3 ][0-9]) ${TIME} ([0-9]{4})$`);

/** Undefined for days and hours that do not exist. */
function dateOf(year: number, month: string, day: string, time: string): number | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, MONTHS.indexOf(month), Number(day));
  if (date.getUTCDate() !== Number(day) || hours > 23) return undefined;
  // A leap second is the next one.
  return date.setUTCHours(hours, minutes, seconds);
}

/** A year that seems more than 50 years ahead is in the past. */
function fullYear(year: string, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const full = thisYear - (thisYear % 100) + Number(year);
  return full > thisYear + 50 ? full - 100 : full;
}
