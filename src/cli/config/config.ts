import { RollbackError, writeEarlier } from "../../config/history/rollback.ts";
import type { Config } from "../../config/schema.ts";
import { QueryError } from "../../telemetry/query/errors.ts";
import { type LogFile, queriesOf } from "../../telemetry/query/log-file.ts";
import type { Queries } from "../../telemetry/query/queries.ts";
import { unifiedDifference } from "../../units/line-difference.ts";
import { printable, printableJson } from "../../units/printable.ts";
import {
  ADMIN_FLAGS,
  type AdminAddress,
  AdminClient,
  AdminError,
  configuredAdmin,
  namedAdmin,
  NoGatewayError,
} from "../admin-client.ts";
import { integerFlag, suggestion } from "../args.ts";
import { type Arguments, type Command, type Console, UsageError } from "../command.ts";
import { findConfigFile, readConfigFile, reloadConfigFile } from "../config-file.ts";
import { findLog, logOf } from "../find-log.ts";
import { historyTable } from "./history.ts";

const VERBS = ["history", "show", "rollback"];
const MOST_SHOWN = 1_000;

const SUBCOMMANDS = `gateway config history          every configuration that was in force, and what brought it
gateway config show N|ID        one of them, with its differences to the one before
gateway config rollback N|ID    write it to the file again, and have the running gateway reload
gateway help config             every key of the configuration
`;

export const configCommand: Command = {
  name: "config",
  summary: "show the configurations that were in force, and go back to one",
  operands: "history | show N | rollback N",
  maxOperands: 2,
  flags: {
    limit: { value: "N", summary: "with `history`, how many, newest first (20)" },
    text: { summary: "with `show`, its text alone" },
    changes: { summary: "with `show`, its differences to the one before alone" },
    json: { summary: "print JSON" },
    database: {
      value: "FILE",
      summary: "the access log, if it is not the configuration's logging.database",
    },
    ...ADMIN_FLAGS,
  },
  elsewhere: {
    to: "the number or id is an operand: gateway config rollback N",
  },
  details: `The gateway keeps every configuration that comes into force in the database of its access log, without
the secrets that are written in it. N is its number, ID the id that rows of the log have in the column
\`configuration\`. \`history\` and \`show\` read the database, whether or not the gateway runs; with
--database FILE they need no configuration, so that one that is not valid is in nobody's way.

\`rollback\` checks that configuration, writes it to the file whole, keeps the text before next to it, and
has the running gateway reload. Secrets are taken from the present file, where they stand at the same
places. Without a running gateway it writes the file alone. While the file is not valid, name the gateway
by --admin, which \`gateway reload\` takes too. Keys are explained by \`gateway help config\`.

Exit codes: 0 done; 1 there is no such configuration, or it cannot be used; 2 invalid command line.`,
  examples: [
    ["gateway config history", "the last 20"],
    ["gateway config show 12", "what number 12 said, and what it changed"],
    ["gateway config show 12 --changes", "only what it changed"],
    ["gateway config show 12 --text > old.yaml", "its text, with <secret> in place of secrets"],
    ["gateway config rollback 11", "goes back to number 11"],
  ],
  async run(input, console) {
    const [verb, name] = input.operands;
    if (verb === undefined) {
      console.out(SUBCOMMANDS);
      return 0;
    }
    if (!VERBS.includes(verb)) {
      const key = `; \`gateway help config ${printable(verb)}\` explains a key`;
      throw new UsageError(
        `\`config\` takes history, show or rollback, not "${verb}"${suggestion(verb, VERBS) || key}`,
      );
    }
    if (verb === "history" && name !== undefined) {
      throw new UsageError(`unexpected argument "${name}"; one is shown by: gateway config show N`);
    }
    if (verb !== "history" && name === undefined) {
      throw new UsageError(
        `which one? gateway config ${verb} N; \`gateway config history\` lists them`,
      );
    }
    if (verb !== "rollback") {
      const log = (await findLog(withoutNeedless(input), console))?.file;
      return log === undefined
        ? 1
        : await asking(log, console, (queries) =>
            verb === "history"
              ? history(queries, input, console)
              : show(queries, name ?? "", input, console),
          );
    }
    const file = findConfigFile({ ...input, operands: [] });
    const config = (await readConfigFile(file, console))?.config;
    if (config === undefined) return rollBackBroken(name ?? "", input, console);
    const { file: log } = logOf(config, input);
    return asking(log, console, (queries) =>
      rollBack(queries, name ?? "", { file, config, input, console }),
    );
  },
};

/** The configuration says only where the log is: with `--database` it may be invalid. */
function withoutNeedless(input: Arguments): Arguments {
  const { config: _, ...rest } = input.flags;
  return rest["database"] === undefined ? input : { ...input, flags: rest };
}

/** Does something with a log, and closes it. Resolves with the exit code. */
async function asking(
  log: LogFile,
  console: Console,
  act: (queries: Queries) => Promise<void>,
): Promise<number> {
  try {
    await act(queriesOf(log));
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    console.err(`gateway: ${error.message}\n`);
    return 1;
  } finally {
    log.close();
  }
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof QueryError || error instanceof RollbackError || error instanceof AdminError
  );
}

async function history(queries: Queries, input: Arguments, console: Console): Promise<void> {
  const limit = integerFlag(input.flags, "limit", { default: 20, minimum: 1, maximum: MOST_SHOWN });
  const entries = await queries.configurations({ limit });
  if (input.flags["json"] !== undefined) {
    console.out(`${printableJson(entries, 2)}\n`);
  } else if (entries.length === 0) {
    console.out("no configuration has been kept in this database yet\n");
  } else console.out(historyTable(entries));
}

async function show(
  queries: Queries,
  name: string,
  input: Arguments,
  console: Console,
): Promise<void> {
  const { before, ...found } = await find(queries, name);
  const difference = before === null ? "" : unifiedDifference(before, found.text);
  if (input.flags["json"] !== undefined) {
    console.out(`${printableJson({ ...found, difference }, 2)}\n`);
    return;
  }
  const text = found.text.split("\n").map(printable).join("\n");
  if (input.flags["text"] !== undefined) {
    console.out(text);
    return;
  }
  const until = found.in_force_to === null ? "on" : `to ${found.in_force_to}`;
  const heading = `configuration ${found.number} (${found.id}), in force from ${found.in_force_from} ${until}
by ${printable(found.cause)}${found.file === null ? "" : `, of ${printable(found.file)}`}\n`;
  const changes =
    before === null
      ? "it is the first that is known\n"
      : difference === ""
        ? "it says the same as the one before, but for secrets\n"
        : `differences to the one before:\n${difference.split("\n").map(printable).join("\n")}`;
  const whole = input.flags["changes"] === undefined ? `${text}\n` : "";
  console.out(`${heading}\n${whole}${changes}`);
}

interface RollbackSettings {
  readonly file: string;
  readonly config: Config;
  readonly input: Arguments;
  readonly console: Console;
}

async function rollBack(queries: Queries, name: string, settings: RollbackSettings): Promise<void> {
  const { file, config, input, console } = settings;
  const { number, text } = await find(queries, name);
  const address = namedAdmin(input) ?? configuredAdmin(config, input);
  try {
    await askToRollBack(address, String(number), console);
  } catch (error) {
    if (!(error instanceof NoGatewayError)) throw error;
    const backup = await writeEarlier(file, text, {
      check: (candidate) => reloadConfigFile(candidate, console.environment),
      now: console.now(),
    });
    console.out(
      `${file} is configuration ${number} again; no gateway is running at ${address.origin}\n${backupText(backup)}`,
    );
  }
}

async function askToRollBack(address: AdminAddress, name: string, console: Console): Promise<void> {
  const path = `/admin/api/configurations/${encodeURIComponent(name)}/rollback`;
  const answer = await new AdminClient(address).post(path, {});
  const { message, backup } = answer as { message: string; backup: string | null };
  console.out(`${printable(message)}\n${backupText(backup ?? undefined)}`);
}

/** With a file that is not valid, which is often why: only a gateway that is named can be asked. */
async function rollBackBroken(name: string, input: Arguments, console: Console): Promise<number> {
  const address = namedAdmin(input);
  if (address === undefined) {
    console.err(
      `gateway: the running gateway can go back all the same: gateway config rollback ${printable(name)} --admin http://127.0.0.1:9090, with --token if it has one\n`,
    );
    return 1;
  }
  try {
    await askToRollBack(address, name, console);
    return 0;
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    console.err(`gateway: ${error.message}\n`);
    return 1;
  }
}

function backupText(backup: string | undefined): string {
  return backup === undefined
    ? "the file was the same already\n"
    : `the text before is kept in ${printable(backup)}\n`;
}

async function find(queries: Queries, name: string) {
  const found = await queries.configuration({ name });
  if (found !== null) return found;
  throw new QueryError(
    "failed",
    `there is no configuration ${printable(name)}; \`gateway config history\` lists them`,
  );
}
