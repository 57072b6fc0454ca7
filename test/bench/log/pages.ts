/**
 * Searches a log for pages of 100 rows by every filter alone and in pairs, with values that are frequent,
 * rare and absent, and says how long each takes.
 *
 *   bun test/bench/log/pages.ts FILE
 */
import { LogFile } from "../../../src/telemetry/query/log-file.ts";
import { parseFilters } from "../../../src/telemetry/query/filters.ts";
import { RARE } from "./traffic.ts";

/** For each filter a frequent, a rare and an absent value. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  status: ["200", "503", String(RARE.statusCode), "599"],
  method: ["GET", RARE.method, "BREW"],
  host: ["api.example.com", RARE.host, "none.example.com"],
  path: [
    "/api/r0/*",
    "*/items",
    RARE.path,
    "/rare/*/7",
    "*/nowhere/*",
    "/api/r0/*/items",
    "*/users/99*77",
  ],
  route: ["/api/r0/*", RARE.route, "nowhere"],
  backend: ["http://10.1.0.1:8080", RARE.backend, "http://10.9.9.1:80"],
  upstream: ["upstream-0", RARE.upstream, "none-such"],
  client: ["10.0.0.0", RARE.clientIp, "192.0.2.1"],
  subject: ["any", RARE.subject, "nobody"],
  provider: ["corp", RARE.provider, "no-such"],
  request_id: ["any", "no-such-id"],
  trace_id: ["any", "0".repeat(32)],
  duration: [">200ms", ">=50s,<=50s", ">30m"],
  error: ["any", RARE.errorCode, "loop_detected"],
  refused_by: ["rate_limit", RARE.refusedBy, "cors"],
  configuration: ["139", "100", RARE.configuration, "7"],
  model: ["any", RARE.model, "no-such"],
  since: ["1h", "80d"],
  until: ["1h", "80d", "100d"],
};

export interface PageTime {
  readonly filters: Readonly<Record<string, string>>;
  /** Milliseconds of time, and of the processor's. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly rows: number;
  readonly complete: boolean;
}

/** All filters alone, then all pairs of them. */
export function searches(): Readonly<Record<string, string>>[] {
  const all = Object.entries(VALUES).flatMap(([name, values]) =>
    values.map((value) => ({ [name]: value })),
  );
  const pairs = all.flatMap((one, at) =>
    all
      .slice(at + 1)
      .filter((other) => isPair(Object.keys(one)[0] ?? "", Object.keys(other)[0] ?? ""))
      .map((other) => ({ ...one, ...other })),
  );
  return [...all, ...pairs];
}

/**
 * Times of all searches, or with `isShort` of some of them; `slice` in milliseconds, Infinity searches to
 * the end.
 */
export function* pageTimes(
  file: string,
  slice: number,
  isShort = false,
): Generator<PageTime, void> {
  const log = new LogFile(file);
  for (const [at, texts] of searches().entries()) {
    if (isShort && at % SHORT_EVERY !== 0) continue;
    const request = { filters: parseFilters(texts, Date.now()), limit: 100, slice };
    const started = performance.now();
    const before = process.cpuUsage();
    const { rows, complete } = log.ask("page", request, 60_000);
    const ms = performance.now() - started;
    yield { filters: texts, ms, cpuMs: cpuSince(before), rows: rows.length, complete };
  }
  log.close();
}

/** Milliseconds of the processor's time. */
export function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const SHORT_EVERY = 20;

/** A time from which and one before which are no two filters here: some of them exclude each other. */
function isPair(one: string, other: string): boolean {
  return one !== other && !(one === "since" && other === "until");
}

if (import.meta.main) {
  const [file = "", slice = "60000"] = process.argv.slice(2);
  const times = [...pageTimes(file, Number(slice))].sort((a, b) => b.cpuMs - a.cpuMs);
  const worst = times.slice(0, 40).map(({ filters, ms, cpuMs, rows, complete }) => {
    return `${cpuMs.toFixed(1).padStart(8)} ms CPU ${ms.toFixed(1).padStart(8)} ms ${String(rows).padStart(4)} rows${complete ? "" : " (not all)"}  ${JSON.stringify(filters)}`;
  });
  const at = (share: number) => times[Math.floor(times.length * share)]?.cpuMs.toFixed(1);
  await Bun.write(
    Bun.stdout,
    `${worst.join("\n")}\n${times.length} pages; slowest ${at(0)} ms of CPU, 1 % above ${at(0.01)}, 10 % above ${at(0.1)}, half above ${at(0.5)}; ${times.filter(({ cpuMs }) => cpuMs > 200).length} above 200 ms\n`,
  );
}
