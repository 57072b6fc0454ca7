import { GROUPINGS } from "../../../src/telemetry/query/statistics/statistics.ts";
import type { Backend } from "../backend.ts";
import { startContestant } from "../contestant.ts";
import { gateway } from "../gateway.ts";
import { median } from "../median.ts";
import { freePort, type Stage } from "../stage.ts";
import { type LoadResult, startDriving } from "../wrk.ts";
import { BACKEND, ROUTE, WINDOWS } from "./direct.ts";
import type { Timing } from "./figures.ts";
import { searches } from "./pages.ts";

export const MAX_SIZE_GIB = 8;
/** Requests wait this long on each connection, so that the rate stays the same: about 1,500 a second. */
const PAUSE_MS = 20;
const CONNECTIONS = 32;

export interface ServedOptions {
  readonly stage: Stage;
  readonly backend: Backend;
  /** The executable. */
  readonly gateway: string;
  readonly log: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly say: (line: string) => void;
}

export interface Served {
  readonly timings: readonly Timing[];
  /** Of each round, in turn. */
  readonly alone: readonly LoadResult[];
  readonly queried: readonly LoadResult[];
  /** Answers of the admin API other than 200. */
  readonly failures: number;
  /** Pages that were not complete in the time that one may take. */
  readonly incomplete: number;
}

/** Traffic of a gateway that writes to the log, with and without queries of its admin API. */
export async function serveAndQuery(options: ServedOptions): Promise<Served> {
  const { stage, backend, rounds, seconds, warmUp, say } = options;
  const port = await freePort();
  const { ports } = await startContestant(contestant(options, port), stage, backend);
  const load = (name: string, length: number) =>
    startDriving(
      stage,
      {
        url: `http://127.0.0.1:${ports.http}/api/users/1`,
        connections: CONNECTIONS,
        seconds: length,
        script: `function delay() return ${PAUSE_MS} end`,
      },
      name,
    );
  const asking = new Asking(`http://127.0.0.1:${port}/admin/api`);
  say("traffic: warming up");
  await during((await load("warm-up", warmUp)).result, asking);
  const warm = asking.timings.length;
  const [alone, queried]: LoadResult[][] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    say(`traffic: round ${round} of ${rounds}`);
    const isQueried = round % 2 === 0;
    for (const isNow of [isQueried, !isQueried]) {
      const { result } = await load(`round-${round}-${isNow ? "queried" : "alone"}`, seconds);
      if (isNow) await during(result, asking);
      (isNow ? queried : alone)?.push(await result);
    }
  }
  const { failures, incomplete } = asking;
  const timings = asking.timings.slice(warm);
  return { timings, alone: alone ?? [], queried: queried ?? [], failures, incomplete };
}

/** The middle of the rounds, in milliseconds. */
export const middle = (results: readonly LoadResult[], of: "p50" | "p99" | "max"): number =>
  median(results.map((one) => one[of])) / 1000;

const contestant = ({ gateway: path, log }: ServedOptions, port: number) =>
  gateway({
    key: "log",
    name: "the gateway with a large log",
    path,
    settings: () => ({
      admin: { listen: `127.0.0.1:${port}` },
      logging: {
        database: log,
        retention: { max_age: "3650d", max_size: `${MAX_SIZE_GIB}GiB`, rollups: "3650d" },
      },
    }),
  });

async function during(traffic: Promise<LoadResult>, asking: Asking): Promise<void> {
  const state = { isOver: false };
  const end = traffic.finally(() => {
    state.isOver = true;
  });
  while (!state.isOver) await asking.ask();
  await end;
}

/** Asks for one thing after the other, over and over, as fast as answers come. */
class Asking {
  readonly timings: Timing[] = [];
  failures = 0;
  incomplete = 0;
  readonly #base: string;
  readonly #requests: readonly (readonly [kind: string, address: string])[];
  #next = 0;

  constructor(base: string) {
    this.#base = base;
    this.#requests = interleaved(statisticRequests(), pageRequests());
  }

  async ask(): Promise<void> {
    const [kind, address] = this.#requests[this.#next] as readonly [string, string];
    this.#next = (this.#next + 1) % this.#requests.length;
    const started = performance.now();
    const response = await fetch(`${this.#base}/${address}`, { proxy: false });
    const text = await response.text();
    if (!response.ok) this.failures += 1;
    if (kind.startsWith("a page") && text.includes('"complete":false')) this.incomplete += 1;
    this.timings.push({ kind, name: address, ms: performance.now() - started });
  }
}

type Request = readonly [kind: string, address: string];

function statisticRequests(): Request[] {
  return Object.keys(WINDOWS).flatMap((window): Request[] => [
    ["overview", `overview?since=${window}`],
    ["overview of a route", `overview?since=${window}&route=${encodeURIComponent(ROUTE)}`],
    ["overview of a backend", `overview?since=${window}&backend=${encodeURIComponent(BACKEND)}`],
    ["routes", `routes?since=${window}`],
    ["backends", `backends?since=${window}`],
    ...GROUPINGS.map((by): Request => [`statistics by ${by}`, `stats?by=${by}&since=${window}`]),
  ]);
}

function pageRequests(): Request[] {
  return searches().map((filters): Request => {
    const isOne = Object.keys(filters).length === 1;
    return [
      isOne ? "a page by one filter" : "a page by two filters",
      `exchanges?${new URLSearchParams(filters).toString()}`,
    ];
  });
}

/** So that rounds of some seconds have some of all. */
function interleaved(few: readonly Request[], many: readonly Request[]): Request[] {
  // A step that has no factor in common with their number visits each of them once.
  const step = 701;
  const mixed = many.map((_, at) => many[(at * step) % many.length] as Request);
  return mixed.flatMap((one, at) => {
    const other = few[at % few.length];
    return other === undefined ? [one] : [one, other];
  });
}
