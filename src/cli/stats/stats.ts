import type { Config } from "../../config/schema.ts";
import { QueryError } from "../../telemetry/query/errors.ts";
import {
  type Group,
  type Grouping,
  GROUPINGS,
  type StatisticsRequest,
  statisticsProblem,
} from "../../telemetry/query/statistics/statistics.ts";
import { parseTime } from "../../telemetry/query/times.ts";
import { integerFlag, suggestion } from "../args.ts";
import { type Arguments, type Command, type Console, UsageError } from "../command.ts";
import { type FoundLog, findLog, LOG_FLAGS, logProblem } from "../find-log.ts";
import { csvOf, reportOf, windowText } from "./report.ts";
import { printableJson } from "../../units/printable.ts";

const QUERY_MS = 30_000;
const REDRAW_MS = 2_000;
const MOST_GROUPS = 1_000;

type Form = "table" | "json" | "csv";

/** Creates the command; `pause` waits for milliseconds, and answers false to end `--watch`. */
export function statsCommand(pause: (milliseconds: number) => Promise<boolean>): Command {
  return {
    name: "stats",
    summary: "count requests, errors, latencies and bytes over a window of time",
    operands: "",
    maxOperands: 0,
    flags: {
      by: { value: "WHAT", summary: `group by ${GROUPINGS.join(", ")} (route)` },
      since: {
        value: "TIME",
        summary: "from here on: 1h for an hour ago (the default), 2026-11-25",
      },
      until: { value: "TIME", summary: "to here; now by default. Times are UTC without a zone" },
      route: { value: "ROUTE", summary: "only this route, or `none`" },
      backend: { value: "URL", summary: "only this backend, or `none`" },
      upstream: { value: "NAME", summary: "only this upstream, or `none`" },
      sort: {
        value: "WHAT",
        summary: `which groups come first, those with most ${Object.keys(SORTS).join(", ")} (requests)`,
      },
      limit: { value: "N", summary: "how many groups (20)" },
      watch: { summary: "show it again every two seconds, until Ctrl-C" },
      json: { summary: "print JSON, with a series of each group" },
      csv: { summary: "print comma-separated values" },
      ...LOG_FLAGS,
    },
    details: `Reads the sums that the gateway keeps of all requests by minute, hour and day (logging.retention.rollups),
not the rows, so any window takes a moment. Works while the gateway runs, without it, and on a copy of the
file. Windows are in whole minutes; clients, subjects, keys, models, policies and errors are known to the
minute for four hours, and to the hour from then on. Percentiles are within 2 %.

An error is an answer of 5xx, or a fault of a backend or the gateway. --route, --backend and --upstream go
with --by route, backend, upstream and status; for others, \`gateway logs\` searches the rows.

Exit codes: 0 done; 1 no requests in the window, or the file cannot be read; 2 invalid command line.`,
    examples: [
      ["gateway stats", "the last hour, by route"],
      ["gateway stats --by client --since 24h", "who sends most"],
      ["gateway stats --by status --route '/api/*' --watch", "how one route does, live"],
      [
        "gateway stats --by key --since 2026-11-01 --until 2026-12-01 --csv",
        "a month's use by API key",
      ],
      ["gateway stats --by client --since 10m --sort errors", "whose requests fail most"],
      ["gateway stats --database copy.db --json", "of a copy, for programs"],
    ],
    async run(input, console) {
      const form = formOf(input.flags);
      // What is wrong with the command line is said before any file is read.
      requestOf(input, undefined, console.now());
      sorted([], input.flags);
      const log = await findLog(input, console);
      if (log === undefined) return 1;
      try {
        if (input.flags["watch"] === undefined) return show(log, input, form, console);
        return await watch(log, input, form, console, pause);
      } finally {
        log.file.close();
      }
    },
  };
}

function formOf({ json, csv }: Arguments["flags"]): Form {
  if (json !== undefined && csv !== undefined) {
    throw new UsageError("--json and --csv are two forms; which one is meant?");
  }
  if (json !== undefined) return "json";
  return csv === undefined ? "table" : "csv";
}

function requestOf(
  { flags }: Arguments,
  providers: readonly string[] | undefined,
  now: number,
): StatisticsRequest {
  const from = timeIn(flags, "since", now) ?? now - 3_600_000;
  // The minute that has begun counts.
  const to = timeIn(flags, "until", now) ?? now + 1;
  if (from >= to) throw new UsageError("--since must be before --until");
  const { route, backend, upstream } = flags;
  const request = {
    by: groupingIn(flags["by"]),
    from,
    to,
    route,
    backend,
    upstream,
    providers,
    // By another order the first ones may be any.
    limit: flags["sort"] === undefined ? limitIn(flags) : MOST_GROUPS,
  };
  const problem = statisticsProblem(request);
  if (problem !== undefined) throw new UsageError(problem);
  return request;
}

function limitIn(flags: Arguments["flags"]): number {
  return integerFlag(flags, "limit", { default: 20, minimum: 1, maximum: MOST_GROUPS });
}

/** What groups can be ordered by. */
const SORTS: Readonly<Record<string, (group: Group) => number>> = {
  requests: ({ requests }) => requests,
  errors: ({ errors }) => errors,
  p50: ({ p50_ms: latency }) => latency ?? -1,
  p99: ({ p99_ms: latency }) => latency ?? -1,
  bytes: ({ bytes_in: bytesIn, bytes_out: bytesOut }) => bytesIn + bytesOut,
  tokens: ({ tokens_in: tokensIn, tokens_out: tokensOut }) => tokensIn + tokensOut,
};

/** The groups that `--sort` and `--limit` ask for. Throws a UsageError for an order that there is not. */
function sorted(groups: readonly Group[], flags: Arguments["flags"]): readonly Group[] {
  const written = flags["sort"];
  if (written === undefined) return groups;
  const measure = Object.hasOwn(SORTS, written) ? SORTS[written] : undefined;
  if (measure === undefined) {
    const names = Object.keys(SORTS);
    throw new UsageError(
      `--sort takes ${names.join(", ")}, not "${written}"${suggestion(written, names)}`,
    );
  }
  return groups.toSorted((one, other) => measure(other) - measure(one)).slice(0, limitIn(flags));
}

function groupingIn(written = "route"): Grouping {
  const name = written.replaceAll("-", "_");
  const found = GROUPINGS.find((one) => one === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `--by takes ${GROUPINGS.join(", ")}, not "${written}"${suggestion(name, GROUPINGS)}`,
  );
}

function timeIn(flags: Arguments["flags"], name: string, now: number): number | undefined {
  const written = flags[name];
  if (written === undefined) return undefined;
  const time = parseTime(written, now);
  if (time !== undefined) return time;
  throw new UsageError(
    `--${name} takes 10m for ten minutes ago, 2026-11-25 or 2026-11-25T21:06:30Z, not "${written}"`,
  );
}

/** The names of its providers of API keys; undefined without a configuration. */
function keyProvidersOf(config: Config | undefined): string[] | undefined {
  if (config === undefined) return undefined;
  const auth = (Reflect.get(config, "auth") ?? {}) as Readonly<Record<string, object>>;
  return Object.entries(auth)
    .filter(([, provider]) => "api_key" in provider)
    .map(([name]) => name);
}

/** Shows it once. */
function show(log: FoundLog, input: Arguments, form: Form, console: Console): number {
  const shown = textOf(log, input, form, console);
  if (shown.text !== "") console.out(shown.text);
  if (shown.complaint === undefined) return 0;
  console.err(`gateway: ${shown.complaint}\n`);
  return 1;
}

async function watch(
  log: FoundLog,
  input: Arguments,
  form: Form,
  console: Console,
  pause: (milliseconds: number) => Promise<boolean>,
): Promise<number> {
  do {
    const { text, complaint } = textOf(log, input, form, console);
    const isDrawn = form === "table" && console.columns() !== undefined;
    const whole = complaint !== undefined && form === "table" ? `${complaint}\n` : text;
    console.out(isDrawn ? redrawn(whole, console.rows() ?? Infinity) : whole);
  } while (await pause(REDRAW_MS));
  return 0;
}

const TO_START = "\x1b[H";
const TO_LINE_END = "\x1b[K";
const TO_SCREEN_END = "\x1b[J";

/** In place of what is on the screen, without a flicker. As many lines as there is room for. */
function redrawn(text: string, rows: number): string {
  const lines = text
    .trimEnd()
    .split("\n")
    .slice(0, rows - 1);
  return `${TO_START}${lines.map((line) => `${line}${TO_LINE_END}\n`).join("")}${TO_SCREEN_END}`;
}

interface Shown {
  readonly text: string;
  /** What to say in place of an empty table. */
  readonly complaint?: string;
}

function textOf(log: FoundLog, input: Arguments, form: Form, console: Console): Shown {
  const { file, path, config } = log;
  try {
    const request = requestOf(input, keyProvidersOf(config), console.now());
    const found = file.ask("statistics", request, QUERY_MS);
    const statistics = { ...found, groups: sorted(found.groups, input.flags) };
    if (form === "json") return { text: `${printableJson(statistics)}\n` };
    if (form === "csv") return { text: csvOf(statistics) };
    if (statistics.groups.length === 0) {
      return { text: "", complaint: emptyText(log, input, windowText(statistics)) };
    }
    const width = console.columns();
    return { text: reportOf(statistics, { width, color: console.color.out }) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const where = error.message.includes(path) ? "" : `${path}: `;
    return { text: "", complaint: `${where}${logProblem(error)}` };
  }
}

function emptyText({ file, path }: FoundLog, { flags }: Arguments, window: string): string {
  const known = file.ask("extent", {}, QUERY_MS);
  if (known === null) return `${path} has no requests yet`;
  const by = flags["by"];
  const which = by === undefined || by === "route" ? "requests" : `requests with a ${by}`;
  return `no ${which} from ${window}; ${path} has requests from ${windowText(known)}`;
}
