import { existsSync } from "node:fs";
import { LogFile } from "../../telemetry/query/log-file.ts";
import { type Arguments, type Console, UsageError } from "../command.ts";
import { findConfigFile, readConfigFile } from "../config-file.ts";

/** Where a gateway without a configuration for it writes its log. */
const USUAL_DATABASE = "gateway.db";

/** A log to read, and its path for messages. */
export interface FoundLog {
  readonly file: LogFile;
  readonly path: string;
}

/**
 * The log that `--database` names, or the configuration; without one, gateway.db if it is there. Undefined
 * if the configuration is not valid, which has been said. Throws a UsageError if there is none.
 */
export async function findLog(input: Arguments, console: Console): Promise<FoundLog | undefined> {
  const { database, config: named } = input.flags;
  if (database === "") throw new UsageError("--database needs a file; is a variable unset?");
  if (database !== undefined) return { file: new LogFile(database), path: database };
  let configFile: string;
  try {
    configFile = findConfigFile({ ...input, operands: [] });
  } catch (error) {
    if (named !== undefined || !existsSync(USUAL_DATABASE)) throw error;
    return { file: new LogFile(USUAL_DATABASE), path: USUAL_DATABASE };
  }
  const config = (await readConfigFile(configFile, console))?.config;
  if (config === undefined) {
    console.err("gateway: --database FILE names the log without the configuration\n");
    return undefined;
  }
  const path = config.logging.database;
  return { file: new LogFile(path), path };
}
