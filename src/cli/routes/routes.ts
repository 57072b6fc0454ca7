import { explainable } from "../../runtime/explain/explain.ts";
import { type UsageReport, usageReport } from "../../runtime/explain/route-usage.ts";
import { QueryError } from "../../telemetry/query/errors.ts";
import type { LogFile } from "../../telemetry/query/log-file.ts";
import { parseTime } from "../../telemetry/query/times.ts";
import type { Config } from "../../config/schema.ts";
import { type Command, UsageError } from "../command.ts";
import { findConfigFile, readConfigFile } from "../config-file.ts";
import { LOG_FLAGS, logOf, logProblem } from "../find-log.ts";
import { usageText } from "./text.ts";
import { printableJson } from "../../units/printable.ts";

const QUERY_MS = 30_000;
const MOST_GROUPS = 20_000;
const DEFAULT_SINCE = "30d";

export const routes: Command = {
  name: "routes",
  summary: "list the routes with how much and when each was last used, and name dead ones",
  operands: "",
  maxOperands: 0,
  flags: {
    config: { value: "FILE", short: "c", summary: "the configuration; its log is read too" },
    since: { value: "TIME", summary: `what was not used since then is dead (${DEFAULT_SINCE})` },
    backends: { summary: "list upstreams and backends too" },
    keys: { summary: "list API keys and users too, by their subjects" },
    json: { summary: "print all of it as JSON" },
    database: LOG_FLAGS.database,
  },
  details: `Reads the configuration and the sums that the gateway keeps in its log (logging.retention.rollups), not
the rows. A route is dead if no request has gone there since --since; if the log begins later, that is said,
because nothing is known of before. (A route whose requests another one takes is an error of the
configuration, which \`gateway check\` names.) Works while the gateway runs, and without it.

Exit codes: 0 done; 1 the configuration is not valid, or the log cannot be read; 2 invalid command line.`,
  examples: [
    ["gateway routes", "the routes, and which of them are dead"],
    ["gateway routes --since 90d --backends", "what nobody has used for a quarter, backends too"],
    ["gateway routes --keys --json", "who used what last, for programs"],
  ],
  async run(input, console) {
    const { flags } = input;
    const written = flags["since"] ?? DEFAULT_SINCE;
    const now = console.now();
    const since = parseTime(written, now);
    if (since === undefined || since > now) {
      throw new UsageError(
        `--since takes 30d for thirty days ago, or 2026-11-25, not "${written}"`,
      );
    }
    const config = (await readConfigFile(findConfigFile(input), console))?.config;
    if (config === undefined) return 1;
    const { file } = logOf(config, input);
    try {
      const report = reportOf(config, file, { since, now });
      const options = {
        width: console.columns(),
        now,
        hasBackends: flags["backends"] !== undefined,
        hasKeys: flags["keys"] !== undefined,
      };
      console.out(
        flags["json"] === undefined ? usageText(report, options) : `${printableJson(report, 2)}\n`,
      );
      return 0;
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      console.err(`gateway: ${logProblem(error)}\n`);
      return 1;
    } finally {
      file.close();
    }
  },
};

function reportOf(
  config: Config,
  file: LogFile,
  { since, now }: { readonly since: number; readonly now: number },
): UsageReport {
  const by = (what: "route" | "upstream" | "backend") =>
    file.ask("statistics", { by: what, from: since, to: now + 1, limit: MOST_GROUPS }, QUERY_MS);
  return usageReport(explainable(config, undefined), {
    since,
    extent: file.ask("extent", {}, QUERY_MS),
    lastUsed: file.ask("lastUsed", {}, QUERY_MS),
    statistics: { route: by("route"), upstream: by("upstream"), backend: by("backend") },
  });
}
