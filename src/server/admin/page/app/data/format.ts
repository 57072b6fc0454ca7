const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const minutes = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const dayAndTime = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** What stands for a number that there is none of. */
export const NOTHING = "–";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** "987", "12.3K": short enough for a table. */
export function countText(count: number): string {
  return count < 10_000 ? whole.format(count) : compact.format(count);
}

/** "1,234,567": exact. */
export function exactText(count: number): string {
  return whole.format(count);
}

/** Requests per second: "0.4", "12", "1.2K". */
export function rateText(rate: number): string {
  if (rate > 0 && rate < 10) return rate.toFixed(1);
  return countText(rate);
}

/** Of milliseconds: "42 µs", "0.42 ms", "12 ms", "1.24 s", "3.1 min". */
export function durationText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms > 0 && ms < 0.1) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 10) return `${trimmed(ms, 2)} ms`;
  if (ms < 100) return `${trimmed(ms, 1)} ms`;
  if (ms < SECOND) return `${ms.toFixed(0)} ms`;
  if (ms < MINUTE) return `${trimmed(ms / SECOND, 2)} s`;
  if (ms < HOUR) return `${trimmed(ms / MINUTE, 1)} min`;
  if (ms < DAY) return `${trimmed(ms / HOUR, 1)} h`;
  return `${trimmed(ms / DAY, 1)} d`;
}

function trimmed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Of a ratio: "0 %", "<0.1 %", "2.5 %". */
export function percentText(ratio: number): string {
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  return `${trimmed(percent, percent < 10 ? 1 : 0)} %`;
}

/** "512 B", "1.2 MiB". */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : trimmed(value, value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** "14:03:07", in the reader's time zone. */
export function clockText(at: string | number): string {
  return clock.format(new Date(at));
}

/** "14:03:07.123" of today, with the date before. */
export function exactTimeText(at: string): string {
  const time = new Date(at);
  const text = `${clock.format(time)}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  return isToday(time) ? text : `${day.format(time)} ${text}`;
}

/** "14:03:07" of today, "25 Nov, 14:03" before. */
export function rowTimeText(at: string): string {
  const time = new Date(at);
  return isToday(time) ? clock.format(time) : dayAndTime.format(time);
}

/** As exact as a range of so many milliseconds needs it. */
export function timeText(at: number, range: number): string {
  if (range <= HOUR) return clock.format(at);
  return range <= DAY && isToday(new Date(at)) ? minutes.format(at) : dayAndTime.format(at);
}

export function dayText(at: string): string {
  return day.format(new Date(at));
}

function isToday(time: Date): boolean {
  return time.toDateString() === new Date().toDateString();
}

/** "just now", "3 min ago", "in 2 d". */
export function agoText(at: string | null | undefined, now = Date.now()): string {
  if (at === null || at === undefined) return "never";
  const ms = now - new Date(at).getTime();
  if (Math.abs(ms) < 5 * SECOND) return "just now";
  const text = spanText(Math.abs(ms));
  return ms < 0 ? `in ${text}` : `${text} ago`;
}

/** "12 s", "3 min", "5 h", "2 d": one unit. */
export function spanText(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** "1 backend", "3 backends". */
export function counted(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}
