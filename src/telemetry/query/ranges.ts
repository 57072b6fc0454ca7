import { parseDuration } from "../../units/duration.ts";

/** Numbers from `from` to `to`, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const STATUS_SIGN = /^(>=|<=|>|<|=)? ?([1-9][0-9]{2})$/;
const STATUS_CLASS = /^([1-9])xx$/i;
const STATUS_SPAN = /^([1-9][0-9]{2}) ?(?:\.\.|-) ?([1-9][0-9]{2})$/;

/** Reads "404", "5xx", ">=400", "200..299", or several with commas; undefined for anything else. */
export function parseStatuses(written: string): Range[] | undefined {
  const ranges = written.split(",").map((text) => statusRange(text.trim()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function statusRange(written: string): Range | undefined {
  const [, hundred] = STATUS_CLASS.exec(written) ?? [];
  if (hundred !== undefined) return { from: Number(hundred) * 100, to: Number(hundred) * 100 + 99 };
  const [, first, last] = STATUS_SPAN.exec(written) ?? [];
  if (first !== undefined) {
    const range = { from: Number(first), to: Number(last) };
    return range.from <= range.to ? range : undefined;
  }
  const [, sign = "=", number] = STATUS_SIGN.exec(written) ?? [];
  return number === undefined ? undefined : beyond(sign, Number(number), 1);
}

/** Durations are kept in microseconds; the next one above or below is this far, in milliseconds. */
const STEP_MS = 0.001;
const DURATION_SIGN = /^(>=|<=|>|<) ?(.+)$/;
const DURATION_SPAN = /^(.+?) ?\.\. ?(.+)$/;

/**
 * Reads ">200ms", "<1s", "200ms..1s" or ">200ms,<1s" as milliseconds; undefined for anything else, and
 * for what nothing can be.
 */
export function parseDurations(written: string): Range | undefined {
  const parts = written.split(",").map((text) => durationRange(text.trim()));
  let range: Range = { from: -Infinity, to: Infinity };
  for (const part of parts) {
    if (part === undefined) return undefined;
    range = { from: Math.max(range.from, part.from), to: Math.min(range.to, part.to) };
  }
  return range.from <= range.to ? range : undefined;
}

function durationRange(written: string): Range | undefined {
  const [, first = "", last = ""] = DURATION_SPAN.exec(written) ?? [];
  const [from, to] = [parseDuration(first), parseDuration(last)];
  if (from !== undefined && to !== undefined) return { from, to };
  const [, sign = "", text = ""] = DURATION_SIGN.exec(written) ?? [];
  const duration = parseDuration(text);
  return duration === undefined ? undefined : beyond(sign, duration, STEP_MS);
}

function beyond(sign: string, number: number, step: number): Range {
  switch (sign) {
    case ">":
      return { from: number + step / 2, to: Infinity };
    case ">=":
      return { from: number, to: Infinity };
    case "<":
      return { from: -Infinity, to: number - step / 2 };
    case "<=":
      return { from: -Infinity, to: number };
    default:
      return { from: number, to: number };
  }
}
