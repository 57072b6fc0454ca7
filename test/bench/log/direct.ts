import { LogFile } from "../../../src/telemetry/query/log-file.ts";
import { GROUPINGS } from "../../../src/telemetry/query/statistics/statistics.ts";
import type { Timing } from "./figures.ts";
import { cpuSince, pageTimes } from "./pages.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** Windows that the page offers, and the longest one. */
export const WINDOWS: Readonly<Record<string, number>> = {
  "15m": 15 * MINUTE,
  "1h": 60 * MINUTE,
  "6h": 360 * MINUTE,
  "24h": DAY,
  "7d": 7 * DAY,
  "30d": 30 * DAY,
  "90d": 90 * DAY,
};

export const ROUTE = "/api/r0/*";
export const BACKEND = "http://10.1.0.1:8080";

/** Asks the file itself, one query after the other, each to its end: what they cost. */
export function* directTimings(path: string, isShort: boolean): Generator<Timing, void> {
  const log = new LogFile(path);
  const now = Date.now();
  const timed = (kind: string, name: string, ask: () => unknown): Timing => {
    const [started, before] = [performance.now(), process.cpuUsage()];
    ask();
    return { kind, name, ms: performance.now() - started, cpuMs: cpuSince(before) };
  };
  const windows = Object.entries(WINDOWS).slice(0, isShort ? 2 : undefined);
  for (const [name, length] of windows) {
    const window = { from: now - length, to: now };
    yield timed("overview", name, () => log.ask("overview", window));
    yield timed("overview of a route", name, () =>
      log.ask("overview", { ...window, route: ROUTE }),
    );
    yield timed("overview of a backend", name, () =>
      log.ask("overview", { ...window, backend: BACKEND }),
    );
    for (const by of GROUPINGS) {
      yield timed(`statistics by ${by}`, name, () => log.ask("statistics", { ...window, by }));
    }
    yield timed("refusals", name, () => log.ask("refusals", { since: window.from }));
  }
  yield timed("last used", "", () => log.ask("lastUsed", {}));
  log.close();
  for (const { filters, ms, cpuMs } of pageTimes(path, Infinity, isShort)) {
    const names = Object.keys(filters);
    const isPath = names.includes("path") ? ", with a path" : "";
    const kind = names.length === 1 ? "a page by one filter" : `a page by two filters${isPath}`;
    yield { kind, name: JSON.stringify(filters), ms, cpuMs };
  }
}
