import { parseArgs } from "node:util";

export interface Options {
  readonly rounds: number;
  /** Seconds that each measurement takes, 1 or more; wrk knows only whole ones. */
  readonly seconds: number;
  /** Seconds under load before the first measurement, in which the runtime compiles. */
  readonly warmUp: number;
  /** Contestants by key; all when absent. */
  readonly only: readonly string[] | undefined;
  /** Workloads by key; all when absent. */
  readonly workloads: readonly string[] | undefined;
  /** Further builds of the gateway that compete, by the name they are given. */
  readonly builds: readonly { readonly name: string; readonly path: string }[];
  /** The file that the results are kept in, as JSON. */
  readonly json: string | undefined;
  /** Measures what features cost, in place of all else. */
  readonly features: boolean;
  /** Measures what queries of a large access log cost, in place of all else. */
  readonly log: boolean;
  /** Rows of that log. */
  readonly rows: number;
  /** Where that log is kept, to be used again; in the run's own folder when absent. */
  readonly folder: string | undefined;
  readonly markdown: boolean;
  /** Runs through everything that was asked for in the least time; its figures mean nothing. */
  readonly smoke: boolean;
}

export const USAGE = `npm run bench -- [options]
  --rounds N             rounds, in each of which all contestants take their turn (3)
  --seconds N            how long each measurement takes (2)
  --warm-up N            how long each contestant is under load before it is measured (5)
  --only a,b             these contestants alone
  --workloads a,b        these workloads alone
  --features             what each feature costs, in place of all else; 15 rounds of 1 s, and with
                         --only some of them
  --log                  what queries of a large access log cost, in place of all else
  --rows N               rows of that log (10000000); writing so many takes many minutes and 5 GB
  --folder PATH          where that log is kept, and used again if it has so many rows
  --build NAME=PATH      a further build of the gateway as a contestant; may be repeated
  --json FILE            keep the results
  --markdown             print Markdown
  --smoke                floor and gateway, one small workload, one round: does it run at all?
`;

/** Reads the command line. Throws an Error for an invalid one. */
export function readOptions(written: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...written],
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      "warm-up": { type: "string" },
      only: { type: "string" },
      workloads: { type: "string" },
      build: { type: "string", multiple: true, default: [] },
      features: { type: "boolean", default: false },
      log: { type: "boolean", default: false },
      rows: { type: "string" },
      folder: { type: "string" },
      json: { type: "string" },
      markdown: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { smoke, features, log } = values;
  return {
    rounds: wholeNumber("rounds", values.rounds, smoke ? 1 : features ? 15 : log ? 5 : 3),
    seconds: wholeNumber("seconds", values.seconds, smoke || features ? 1 : log ? 10 : 2),
    warmUp: wholeNumber("warm-up", values["warm-up"], smoke ? 1 : 5),
    only: list(values.only ?? (smoke && !features ? "floor,gateway" : undefined)),
    workloads: list(values.workloads ?? (smoke ? "get-64" : undefined)),
    builds: values.build.map(readBuild),
    features,
    log,
    rows: wholeNumber("rows", values.rows, smoke ? SMOKE_ROWS : 10_000_000, 99_999_999),
    folder: values.folder,
    json: values.json,
    markdown: values.markdown,
    smoke,
  };
}

const SMOKE_ROWS = 10_000;

function wholeNumber(
  name: string,
  written: string | undefined,
  otherwise: number,
  most = 999,
): number {
  if (written === undefined) return otherwise;
  if (!/^[1-9][0-9]{0,7}$/.test(written) || Number(written) > most) {
    throw new Error(`--${name} takes a whole number from 1 to ${most}, not "${written}"`);
  }
  return Number(written);
}

function list(written: string | undefined): string[] | undefined {
  return written?.split(",").map((item) => item.trim());
}

function readBuild(written: string): { name: string; path: string } {
  const [name = "", path = ""] = written.split("=", 2);
  if (name === "" || path === "") throw new Error(`--build takes NAME=PATH, not "${written}"`);
  return { name, path };
}
