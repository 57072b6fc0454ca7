import { QueryError } from "../../telemetry/query/errors.ts";
import {
  FilterError,
  type Filters,
  filterHelp,
  filterNames,
  parseFilters,
} from "../../telemetry/query/filters.ts";
import type { Row } from "../../telemetry/query/row.ts";
import { configMeant, integerFlag } from "../args.ts";
import { type Arguments, type Command, type Console, type Flag, UsageError } from "../command.ts";
import { type FoundLog, findLog, LOG_FLAGS, loggedRequest, logProblem } from "../find-log.ts";
import { adviceOnNothing } from "./advice.ts";
import { follow } from "./follow.ts";
import { rowWriter } from "./forms.ts";
import { exchangeText } from "./show.ts";

/** How long is searched in all, and until the search can be stopped. In milliseconds. */
const SEARCH_MS = 60_000;
const SLICE_MS = 150;
const PAGE = 1_000;
const MOST_ROWS = 1_000_000;

const flagOf = (name: string): string => name.replaceAll("_", "-");

const FILTER_FLAGS: Readonly<Record<string, Flag>> = Object.fromEntries(
  Object.entries(filterHelp).map(([name, { value, summary }]) => [
    flagOf(name),
    { value, summary, also: name },
  ]),
);

/** Creates the command; `pause` waits for milliseconds, and answers false to end `--follow`. */
export function logsCommand(pause: (milliseconds: number) => Promise<boolean>): Command {
  return {
    name: "logs",
    summary: "search the log of requests, follow it, or show everything of one",
    operands: "[show ID]",
    maxOperands: 2,
    flags: {
      ...FILTER_FLAGS,
      follow: { short: "f", summary: "show new requests as they are answered, until Ctrl-C" },
      limit: { value: "N", short: "n", summary: "how many rows, the newest (50; 10 to follow)" },
      json: { summary: "print JSON, one object a line" },
      csv: { summary: "print comma-separated values" },
      ...LOG_FLAGS,
    },
    elsewhere: {
      level: "rows are found by --status or --error",
      grep: "paths are found by --path '*TEXT*'",
      tail: "--limit N shows so many",
      latency: "how long a request took is --duration '>200ms'",
      user: "who the client is is --subject",
      ip: "the client's address is --client",
      code: "a status is --status, and an error's code --error",
      last: "the time from which on is --since 1h",
      time: "the time from which on is --since 1h",
      url: "the path is --path",
      id: "one is shown by: gateway logs show ID",
    },
    details: `Shows the newest requests that meet all filters, the newest last. Reads the file of the access log: while
the gateway runs, without it, and a copy. \`gateway logs show ID\` shows everything of one, by the id of its
row or of the request (X-Request-Id).

Times are UTC. A * in --path stands for anything; the other texts are compared as they are, \`any\` and
\`none\` aside. Put values with <, > or * in quotes. On a terminal the table is as wide as that, and leaves
columns out; --json and --csv have all.

Exit codes: 0 done; 1 the file cannot be read, or has no such request; 2 invalid command line.`,
    examples: [
      ["gateway logs", "the latest requests"],
      ["gateway logs --status 5xx --since 1h", "what failed in the last hour"],
      [
        "gateway logs --path '/api/users/*' --duration '>200ms' --follow",
        "slow ones, as they come",
      ],
      ["gateway logs show 4711", "everything of one: fields, attempts, decisions"],
      ["gateway logs --client 10.0.0.7 --limit 100000 --csv > client.csv", "for a spreadsheet"],
    ],
    signals: "stop",
    async run(input, console) {
      const stop = stopper(console, pause);
      const isShow = requireOperands(input);
      const filters = filtersIn(input, console.now());
      if (input.flags["follow"] !== undefined && filters.until <= console.now()) {
        throw new UsageError("--follow shows what comes, and --until is in the past");
      }
      const write = rowWriter(input.flags, console.color.out);
      const limit = integerFlag(input.flags, "limit", {
        default: input.flags["follow"] === undefined ? 50 : 10,
        minimum: 0,
        maximum: MOST_ROWS,
      });
      const log = await findLog(input, console);
      if (log === undefined) return 1;
      try {
        if (isShow) return show(log, input, console);
        const print = (rows: readonly Row[]): boolean => {
          console.out(write(rows, console.columns()));
          return console.isOutGone?.() !== true;
        };
        if (input.flags["follow"] === undefined) {
          const found = await search(log, filters, limit, undefined, stop.isStopped);
          print(found.rows);
          explain(found, log, input, console);
          return 0;
        }
        const after = newestId(log);
        if (after !== null) {
          const { rows } = await search(log, filters, limit, after + 1, stop.isStopped);
          if (rows.length > 0 && !print(rows)) return 0;
        }
        const complain = (problem: string) => console.err(`gateway: ${problem}\n`);
        await follow({ log, filters, after, pause: stop.pause, show: print, complain });
        return 0;
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        console.err(`gateway: ${logProblem(error)}\n`);
        return 1;
      } finally {
        log.file.close();
      }
    },
  };
}

/** Whether one exchange is to be shown. Throws a UsageError for operands that mean nothing. */
function requireOperands({ operands, flags }: Arguments): boolean {
  const [verb, id, surplus] = operands;
  if (verb === undefined) return false;
  if (verb !== "show" || surplus !== undefined) {
    const meant = configMeant(surplus ?? verb);
    if (meant !== "") {
      throw new UsageError(`unexpected argument "${surplus ?? verb}" for \`logs\`${meant}`);
    }
    throw new UsageError(
      `unexpected argument "${surplus ?? verb}" for \`logs\`; filters are flags, like --path '${verb}', and one request is shown by \`gateway logs show ID\``,
    );
  }
  if (id === undefined) throw new UsageError("`show` needs an id: gateway logs show ID");
  const useless = [...filterNames.map(flagOf), "follow", "limit", "csv"].find(
    (name) => flags[name] !== undefined,
  );
  if (useless === undefined) return true;
  throw new UsageError(`\`logs show\` shows one request, and has no --${useless}`);
}

function filtersIn({ flags }: Arguments, now: number): Filters {
  const texts = Object.fromEntries(filterNames.map((name) => [name, flags[flagOf(name)]]));
  try {
    return parseFilters(texts, now);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const { filter, message } = error;
    throw new UsageError(`--${flagOf(filter)}${message.slice(filter.length)}`);
  }
}

interface Found {
  /** The oldest first. */
  readonly rows: readonly Row[];
  /** How far the log was searched, if it was not searched to its end. */
  readonly searchedTo: string | null;
}

async function search(
  { file }: FoundLog,
  filters: Filters,
  limit: number,
  before: number | undefined,
  isStopped: () => boolean,
): Promise<Found> {
  const rows: Row[] = [];
  const end = performance.now() + SEARCH_MS;
  let searchedTo: string | null = null;
  for (let place = before; rows.length < limit;) {
    const page = file.ask("page", {
      filters,
      limit: Math.min(PAGE, limit - rows.length),
      slice: SLICE_MS,
      ...(place !== undefined && { before: place }),
    });
    rows.push(...page.rows);
    if (page.next === null) break;
    place = page.next;
    if (isStopped() || performance.now() > end) {
      ({ searchedTo } = page);
      break;
    }
    // Signals are heard only between two steps.
    await Bun.sleep(0);
  }
  return { rows: rows.toReversed(), searchedTo };
}

function explain(
  { rows, searchedTo }: Found,
  { path }: FoundLog,
  input: Arguments,
  console: Console,
): void {
  if (searchedTo !== null) {
    console.err(
      `gateway: searched back to ${searchedTo}, not everything; --until ${searchedTo} goes on from there\n`,
    );
  } else if (rows.length === 0) {
    console.err(`gateway: no request in ${path} meets this${adviceOnNothing(input)}\n`);
  }
}

/** The id after which rows are new; null while there is no file. */
function newestId({ file }: FoundLog): number | null {
  try {
    return file.ask("newer", { filters: parseFilters({}, 0), after: null }).after;
  } catch (error) {
    if (error instanceof QueryError && error.reason === "no_file") return null;
    throw error;
  }
}

function show(log: FoundLog, { operands, flags }: Arguments, console: Console): number {
  const [, id = ""] = operands;
  const row = loggedRequest(log, id, SEARCH_MS);
  const form = { isJson: flags["json"] !== undefined, width: console.columns() };
  console.out(exchangeText(row, form));
  return 0;
}

/** Ends waiting at the first stop signal. */
function stopper(console: Console, pause: (milliseconds: number) => Promise<boolean>) {
  const { promise, resolve } = Promise.withResolvers<false>();
  let isStopped = false;
  console.onStopSignal(() => {
    isStopped = true;
    resolve(false);
  });
  return {
    isStopped: () => isStopped,
    pause: (milliseconds: number) => Promise.race([promise, pause(milliseconds)]),
  };
}
