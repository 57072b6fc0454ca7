import { existsSync } from "node:fs";
import type { Config } from "../config/schema.ts";
import { QueryError } from "../telemetry/query/errors.ts";
import { LogFile } from "../telemetry/query/log-file.ts";
import type { Row } from "../telemetry/query/row.ts";
import { type Arguments, type Console, type Flag, UsageError } from "./command.ts";
import { findConfigFile, readConfigFile } from "./config-file.ts";

/** Where a gateway without a configuration for it writes its log. */
const USUAL_DATABASE = "gateway.db";

/** The flags of a command that reads the log. */
export const LOG_FLAGS: Readonly<Record<"database" | "config", Flag>> = {
  database: { value: "FILE", summary: "the log, in place of the configuration's" },
  config: { value: "FILE", short: "c", summary: "the configuration that names the log" },
};

/** A log to read, and its path for messages. */
export interface FoundLog {
  readonly file: LogFile;
  readonly path: string;
  /** Undefined if the log was found without one. */
  readonly config?: Config;
}

/**
 * The log that `--database` names, or the configuration; without one, gateway.db if it is there. The
 * configuration is not read if only `--database` is given. Undefined if the configuration is not valid,
 * which has been reported. Throws a UsageError if there is no log.
 */
export async function findLog(input: Arguments, console: Console): Promise<FoundLog | undefined> {
  const { database, config: named } = input.flags;
  requireName(database);
  if (database !== undefined && named === undefined) return logAt(database);
  let configFile: string;
  try {
    configFile = findConfigFile({ ...input, operands: [] });
  } catch (error) {
    if (named !== undefined || !existsSync(USUAL_DATABASE)) throw error;
    return logAt(USUAL_DATABASE);
  }
  const config = (await readConfigFile(configFile, console))?.config;
  if (config !== undefined) return { ...logOf(config, input), config };
  console.err("gateway: --database FILE alone names the log without the configuration\n");
  return undefined;
}

/** The log of a configuration, unless `--database` names another. */
export function logOf({ logging }: Config, { flags: { database } }: Arguments): FoundLog {
  requireName(database);
  return logAt(database ?? logging.database);
}

function requireName(database: string | undefined): void {
  if (database === "") throw new UsageError("--database needs a file; is a variable unset?");
}

const logAt = (path: string): FoundLog => ({ file: new LogFile(path), path });

/**
 * The request with this id, or in the row with it; `timeout` in milliseconds. Throws a QueryError if it
 * is not there.
 */
export function loggedRequest({ file, path }: FoundLog, id: string, timeout: number): Row {
  const row = file.ask("exchange", { id }, timeout);
  if (row !== null) return row;
  throw new QueryError("failed", `${path} has no request ${id}; \`gateway logs\` lists them`);
}

/** Why the log could not be read, and what to do. */
export function logProblem({ reason, message }: QueryError): string {
  return reason === "no_file"
    ? `${message}; a gateway writes it, --database FILE names another`
    : message;
}
