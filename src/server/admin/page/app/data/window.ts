import { DAY, HOUR, MINUTE } from "./format.ts";

/** The spans of time that can be chosen, as the API takes them, with their milliseconds. */
export const SPANS = {
  "5m": 5 * MINUTE,
  "1h": HOUR,
  "6h": 6 * HOUR,
  "24h": DAY,
  "7d": 7 * DAY,
  "30d": 30 * DAY,
  "90d": 90 * DAY,
} as const;
export type Span = keyof typeof SPANS;
export const SPAN_NAMES = Object.keys(SPANS) as Span[];

/** A span up to now, or one between two times. Times are epoch milliseconds. */
export type Window =
  | { readonly kind: "span"; readonly span: Span }
  | { readonly kind: "between"; readonly from: number; readonly to: number };

/** What a URL's parameters ask for. */
export function windowOf(
  { since = "", until = "" }: Readonly<Record<string, string>>,
  usual: Span,
): Window {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  if (from < to) return { kind: "between", from, to };
  return { kind: "span", span: SPAN_NAMES.find((name) => name === since) ?? usual };
}

/** Milliseconds. */
export function lengthOf(window: Window): number {
  return window.kind === "span" ? SPANS[window.span] : window.to - window.from;
}

/** The window as the API's parameters. */
export function windowQuery(window: Window): string {
  if (window.kind === "span") return `since=${window.span}`;
  const [since, until] = [window.from, window.to].map((at) => new Date(at).toISOString());
  return `since=${since}&until=${until}`;
}

/** Milliseconds after which data of a window has changed enough to be asked for again; 0 for never. */
export function refreshOf(window: Window): number {
  if (window.kind === "between") return 0;
  return Math.min(Math.max(lengthOf(window) / 120, 5_000), 5 * MINUTE);
}
