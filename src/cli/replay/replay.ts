import type { Config } from "../../config/schema.ts";
import { type Field, fieldOf } from "../../http/field.ts";
import type { LogRow } from "../../runtime/replay/logged-exchange.ts";
import { type Replay, replay as replayRow } from "../../runtime/replay/replay.ts";
import { ReplayError } from "../../runtime/replay/replay-error.ts";
import type { Wanted } from "../../runtime/replay/wanted.ts";
import { QueryError } from "../../telemetry/query/errors.ts";
import { systemClock } from "../../time/clock.ts";
import { printable, printableJson } from "../../units/printable.ts";
import { type Arguments, type Command, type Console, UsageError } from "../command.ts";
import { findLog, LOG_FLAGS, loggedRequest, logProblem } from "../find-log.ts";
import { reasonOf } from "../system-error.ts";
import { reportOf } from "./report.ts";

const QUERY_MS = 30_000;

export const replay: Command = {
  name: "replay",
  summary: "send a request of the log again, and compare the answers",
  operands: "ID",
  maxOperands: 1,
  flags: {
    to: { value: "URL", summary: "send it there and not to its backend, below the URL's path" },
    header: {
      value: "FIELD",
      short: "H",
      repeatable: true,
      summary: "a field in place of the client's: 'Name: value', or 'Name:' for none",
    },
    "set-query": {
      value: "NAME=VALUE",
      repeatable: true,
      summary: "a query parameter in place of the client's",
    },
    body: { value: "FILE", summary: "the request's content; - is standard input" },
    unchanged: { summary: "without what the route changes of requests, like strip_prefix" },
    force: { summary: "send it although not all of it was kept" },
    yes: { summary: "do not ask before methods that may change something, like POST" },
    insecure: { short: "k", summary: "with --to: whatever certificate the server has" },
    json: { summary: "print both answers as JSON, for programs" },
    ...LOG_FLAGS,
  },
  details: `ID is the id of a row, or of a request (X-Request-ID). The request goes straight to the backend that
had it, with the TLS settings of its upstream, as its route forwards it today: method, path, query, the
fields and the content that the log has kept (logging.trace and log_body). What the log has redacted
must be given by -H, --set-query or --body. It has the field X-Gateway-Replay with the row's id.

Without a configuration, as with --database alone, there is no route: the request is sent as the client sent it.

Exit codes: 0 it was answered; 1 it was not sent, or not answered; 2 invalid command line.`,
  examples: [
    ["gateway replay 4711", "sends it to its backend again"],
    ["gateway replay 4711 --to http://localhost:3000", "to a server under development"],
    ["gateway replay 4711 -H 'Authorization: Bearer …' --yes", "with what the log must not have"],
    ["gateway replay 4711 --database copy.db --to http://localhost:3000", "from a copy of a log"],
  ],
  async run(input, console) {
    const [id] = input.operands;
    if (id === undefined) throw new UsageError("`replay` takes the id of a row or of a request");
    const wanted = await wantedOf(input, console);
    const log = await findLog(input, console);
    if (log === undefined) return 1;
    try {
      const row = loggedRequest(log, id, QUERY_MS);
      const result = await sent(row, wanted, log.config, console);
      if (result === undefined) return 1;
      console.out(
        input.flags["json"] === undefined
          ? reportOf(result, { width: console.columns(), color: console.color.out })
          : `${printableJson(result)}\n`,
      );
      return result.replayed.status === 0 || result.replayed.error !== "" ? 1 : 0;
    } catch (error) {
      if (!(error instanceof ReplayError) && !(error instanceof QueryError)) throw error;
      const problem = error instanceof QueryError ? logProblem(error) : error.message;
      console.err(`gateway: ${printable(problem)}\n`);
      return 1;
    } finally {
      log.file.close();
    }
  },
};

/** Sends it, after asking if that is necessary. Undefined if it is not wanted. */
async function sent(
  row: LogRow,
  wanted: Wanted,
  config: Config | undefined,
  console: Console,
): Promise<Replay | undefined> {
  const services = { clock: systemClock, config };
  try {
    return await replayRow(row, wanted, services);
  } catch (error) {
    if (!(error instanceof ReplayError) || error.reason !== "unconfirmed") throw error;
    if (!console.input.isTerminal) {
      throw new ReplayError("unconfirmed", `${error.message}; \`--yes\` sends it`);
    }
    const answer = await console.input.ask(`${printable(error.message)}. Send it? (yes/no) `);
    if (!/^y(?:es)?$/i.test(answer?.trim() ?? "")) return undefined;
    return replayRow(row, { ...wanted, isConfirmed: true }, services);
  }
}

async function wantedOf({ flags, lists }: Arguments, console: Console): Promise<Wanted> {
  const { to, body } = flags;
  if (flags["insecure"] !== undefined && to === undefined) {
    throw new UsageError("--insecure belongs to --to; for a backend, its upstream's `tls` counts");
  }
  return {
    to,
    fields: (lists["header"] ?? []).map(fieldIn),
    parameters: (lists["set-query"] ?? []).map(parameterIn),
    content: body === undefined ? undefined : await contentIn(body, console),
    isUnchanged: flags["unchanged"] !== undefined,
    isForced: flags["force"] !== undefined,
    isConfirmed: flags["yes"] !== undefined,
    isInsecure: flags["insecure"] !== undefined,
  };
}

function fieldIn(written: string): Field {
  const colon = written.indexOf(":");
  const name = written.slice(0, Math.max(0, colon)).trim();
  try {
    return fieldOf(name, bytesOf(written.slice(colon + 1).trim()));
  } catch {
    throw new UsageError(`-H takes a field like 'Accept: text/plain', not "${printable(written)}"`);
  }
}

/** Fields are bytes; each is a character. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function parameterIn(written: string): [string, string] {
  const equals = written.indexOf("=");
  if (equals < 1) throw new UsageError(`--set-query takes NAME=VALUE, not "${printable(written)}"`);
  return [written.slice(0, equals), written.slice(equals + 1)];
}

const MOST_INPUT = 64 * 2 ** 20;

async function contentIn(file: string, console: Console): Promise<Uint8Array> {
  if (file === "-") {
    const content = await console.input.read(MOST_INPUT);
    if (content !== undefined) return content;
    throw new UsageError("standard input has more than 64 MiB");
  }
  try {
    return await Bun.file(file).bytes();
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}
