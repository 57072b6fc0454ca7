import type { Backend } from "../backend.ts";
import type { Stage } from "../stage.ts";
import { formatTable } from "../table.ts";
import { directTimings } from "./direct.ts";
import { TIMING_HEADING, type Timing, timingRows } from "./figures.ts";
import { generatedLog, sizeOf } from "./log-file.ts";
import { MAX_SIZE_GIB, middle, type Served, serveAndQuery } from "./served.ts";

export interface LogBenchOptions {
  readonly stage: Stage;
  readonly backend: Backend;
  readonly gateway: string;
  readonly folder: string;
  readonly rows: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly markdown: boolean;
  readonly smoke: boolean;
  readonly progress: (line: string) => void;
  readonly say: (text: string) => Promise<void>;
}

const OVERVIEW_MS = 100;
const PAGE_MS = 200;
/** Queries that are named because they took the longest. */
const NAMED = 10;

/** What queries of a large log cost, and what they do to traffic. */
export async function runLogBench(options: LogBenchOptions): Promise<object> {
  const { stage, backend, gateway, folder, rows, rounds, seconds, warmUp, smoke } = options;
  options.progress(`a log of ${rows} rows in ${folder}`);
  const log = await generatedLog(folder, rows);
  const direct: Timing[] = [];
  for (const timing of directTimings(log.path, smoke)) {
    direct.push(timing);
    options.progress(`${direct.length} queries of the file`);
  }
  const served = await serveAndQuery({
    stage,
    backend,
    gateway,
    rounds,
    seconds,
    warmUp,
    log: log.path,
    say: options.progress,
  });
  const bytes = sizeOf(log.path);
  await tell(options, direct, served, bytes);
  return { log: { ...log, bytes, direct, served } };
}

async function tell(
  { rows, markdown, smoke, say }: LogBenchOptions,
  direct: readonly Timing[],
  served: Served,
  bytes: number,
): Promise<void> {
  const gib = bytes / 2 ** 30;
  await say(
    `\nThe log has ${rows} rows at first and ${gib.toFixed(2)} GiB at the end, max_size ${MAX_SIZE_GIB} GiB.\n`,
  );
  await say(`\nThe file itself, each query to its end:\n`);
  await say(formatTable([TIMING_HEADING, ...timingRows(direct)], markdown));
  const slowest = direct.toSorted((a, b) => (b.cpuMs ?? 0) - (a.cpuMs ?? 0)).slice(0, NAMED);
  const lines = slowest.map(({ kind, name, cpuMs }) => `${cpuMs?.toFixed(0)} ms: ${kind}, ${name}`);
  await say(`\nThe most CPU:\n${lines.map((line) => `- ${line}\n`).join("")}`);
  await say(`\nThe admin API of a gateway with traffic:\n`);
  await say(
    formatTable(
      [TIMING_HEADING.slice(0, 5), ...timingRows(served.timings).map(withoutCpu)],
      markdown,
    ),
  );
  const { alone, queried, failures, incomplete } = served;
  await say(`${incomplete} pages were returned before they were full, ${failures} failed\n\n`);
  const perSecond = (results: Served["alone"]) =>
    results.reduce((sum, one) => sum + one.requests, 0) /
    results.reduce((sum, one) => sum + one.seconds, 0);
  const row = (name: string, results: Served["alone"]) => [
    name,
    perSecond(results).toFixed(0),
    ...(["p50", "p99", "max"] as const).map((of) => middle(results, of).toFixed(2)),
    `${results.reduce((sum, one) => sum + one.failures, 0)}`,
  ];
  await say(
    formatTable(
      [
        ["traffic", "requests/s", "p50 ms", "p99 ms", "max ms", "failures"],
        row("alone", alone),
        row("while the log is queried", queried),
      ],
      markdown,
    ),
  );
  if (smoke) return;
  const most = (prefix: string) =>
    Math.max(
      ...direct.filter(({ kind }) => kind.startsWith(prefix)).map(({ cpuMs }) => cpuMs ?? 0),
    );
  const ratio = middle(queried, "p99") / middle(alone, "p99");
  const checks = [
    [`overview at most ${OVERVIEW_MS} ms of CPU`, most("overview"), OVERVIEW_MS],
    [`a page at most ${PAGE_MS} ms of CPU`, most("a page"), PAGE_MS],
    ["GiB of the file at most max_size", gib, MAX_SIZE_GIB],
    ["p99 of traffic while queried / alone at most 1.1", ratio, 1.1],
  ] as const;
  const told = checks.map(
    ([title, value, limit]) => `${value <= limit ? "✓" : "✗"} ${title}: ${value.toFixed(2)}`,
  );
  await say(`\n${told.map((line) => `${markdown ? "- " : ""}${line}\n`).join("")}`);
}

const withoutCpu = (row: readonly string[]): string[] => row.slice(0, 5);
