/**
 * Makes the ISO-8601 UTC text of epoch milliseconds, like "2026-11-23T15:01:26.123Z". Times
 * within one second share all but three digits, so the prefix is kept between calls; and under load
 * many have the same millisecond, so the last text is.
 */
export function timestampFormatter(): (milliseconds: number) => string {
  let second = Number.NaN;
  let prefix = "";
  let last = Number.NaN;
  let text = "";
  return (milliseconds) => {
    const whole = Math.floor(milliseconds);
    if (whole === last) return text;
    last = whole;
    const secondOf = Math.floor(whole / 1000);
    if (secondOf !== second) {
      second = secondOf;
      prefix = new Date(second * 1000).toISOString().slice(0, 20);
    }
    const rest = whole - second * 1000;
    text = `${prefix}${String(rest).padStart(3, "0")}Z`;
    return text;
  };
}

const WRITTEN = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))? ?(Z|[+-]\d\d:?\d\d)?/;

/**
 * The same text from what Go's SQLite drivers, SQLite itself or a Unix time leave in a column.
 * A text without a zone is UTC. Undefined when it cannot be read.
 */
export function readTimestamp(written: unknown): string | undefined {
  if (typeof written === "number") {
    // Seconds stay below this until the year 5138; milliseconds have been above it since 1973.
    return new Date(written < 1e11 ? written * 1000 : written).toISOString();
  }
  const parts = WRITTEN.exec(String(written));
  if (parts === null) return undefined;
  const [, day, time, fraction = "", zone = "Z"] = parts;
  const milliseconds = Date.parse(`${day}T${time}.${fraction.padEnd(3, "0").slice(0, 3)}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
}
