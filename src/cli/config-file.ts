import { existsSync, readFileSync, statSync } from "node:fs";
import { type Diagnostic, formatDiagnostics } from "../documents/text/diagnostics.ts";
import type { ConfigSource } from "../config/history/config-source.ts";
import { type RestoredText, restoredText } from "../config/history/restored-text.ts";
import { loadWithSource } from "../config/history/source.ts";
import { isError, type Loaded, readConfig } from "../config/load.ts";
import { createConfigWorker } from "../config/off-thread/create-worker.ts";
import { loadOffThread, restoreOffThread, UnreadableFileError } from "../config/off-thread/load.ts";
import type { Config } from "../config/schema.ts";
import { hasFreeDescriptors } from "../transport/descriptors.ts";
import { type Arguments, type Console, UsageError } from "./command.ts";
import { reasonOf } from "./system-error.ts";

/** Where to look for a configuration if none is named. */
export const USUAL_PLACES = ["config/gateway.yaml", "gateway.yaml"];

/** The meaning of "-". */
const STANDARD_INPUT = "/dev/stdin";

/** The configuration file to use: the named one, otherwise the first of the usual ones that exists. */
export function findConfigFile({ operands, flags }: Arguments): string {
  const [operand] = operands;
  const flag = flags["config"];
  if (operand !== undefined && flag !== undefined) {
    throw new UsageError(
      `the configuration is given twice: ${operand} and --config ${flag}; which one is meant?`,
    );
  }
  const named = operand ?? flag;
  if (named === "") {
    throw new UsageError("the configuration file's name is empty; is a variable unset?");
  }
  if (named !== undefined) return named === "-" ? STANDARD_INPUT : named;
  const found = USUAL_PLACES.find((place) => existsSync(place));
  if (found === undefined) {
    throw new UsageError(
      `no configuration: neither ${USUAL_PLACES.join(" nor ")} exists; name one with --config FILE, write one with \`gateway init\`, or try \`gateway demo\``,
    );
  }
  return found;
}

/** A valid configuration, and warnings about it. */
export interface ConfigFile {
  readonly config: Config;
  readonly warnings: readonly Diagnostic[];
  readonly source?: ConfigSource | undefined;
}

/** Larger files are read on their own thread, so that no garbage of it stays in this heap. */
const READ_HERE_BYTES = 64 * 1024;

/** Reads a configuration file. Throws a UsageError if the file cannot be read. */
async function loadConfigFile(file: string, environment: Console["environment"]): Promise<Loaded> {
  if (Bun.file(file).size > READ_HERE_BYTES) return reloadConfigFile(file, environment);
  return loadWithSource(file, await textOfConfigFile(file), environment);
}

/** Throws a UsageError if the file cannot be read. */
export async function textOfConfigFile(file: string): Promise<string> {
  try {
    return await Bun.file(file).text();
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

/** The runtime ends the process if a thread finds no file descriptors as it starts. It takes a few. */
const DESCRIPTORS_OF_A_THREAD = 32;

/** The same on its own thread, for a gateway that is serving requests. */
export async function reloadConfigFile(
  file: string,
  environment: Console["environment"],
): Promise<Loaded> {
  if (!hasFreeDescriptors(DESCRIPTORS_OF_A_THREAD)) {
    throw new Error(`too few file descriptors are left to read ${file}; raise \`ulimit -n\``);
  }
  try {
    return await loadOffThread(file, { ...environment }, createConfigWorker);
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

/** An earlier configuration's text with the present one's secrets: of large ones on its own thread. */
export async function restoreConfigText(stored: string, present: string): Promise<RestoredText> {
  if (Math.max(stored.length, present.length) <= READ_HERE_BYTES)
    return restoredText(stored, present);
  return restoreOffThread(stored, present, createConfigWorker);
}

/** A small file, read in this thread with the places in its text; undefined for any other one. */
export function inspectConfigFile(file: string, environment: Console["environment"]) {
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > READ_HERE_BYTES) return undefined;
    const text = readFileSync(file, "utf8");
    return { text, ...readConfig(file, text, environment) };
  } catch {
    return undefined;
  }
}

/** Reads a configuration file, or prints its errors and returns undefined. */
export async function readConfigFile(
  file: string,
  console: Console,
): Promise<ConfigFile | undefined> {
  const { config, diagnostics, source } = await loadConfigFile(file, console.environment);
  if (config !== undefined) return { config, warnings: diagnostics, source };
  report(diagnostics, console);
  const errors = diagnostics.filter(isError).length;
  const warnings = diagnostics.length - errors;
  const besides = warnings === 0 ? "" : `, ${count(warnings, "warning")}`;
  console.err(`${file}: ${count(errors, "error")}${besides}\n`);
  return undefined;
}

/** "1 route", "2 routes" */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Prints diagnostics with their lines to standard error. */
export function report(diagnostics: readonly Diagnostic[], console: Console): void {
  if (diagnostics.length === 0) return;
  console.err(`${formatDiagnostics([...diagnostics], { color: console.color.err })}\n`);
}
