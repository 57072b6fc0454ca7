import { existsSync } from "node:fs";
import { type Diagnostic, formatDiagnostics } from "../config/text/diagnostics.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { type Console, UsageError } from "./command.ts";

const USUAL_PLACES = ["config/gateway.yaml", "gateway.yaml"];

/** The configuration file to use: the one named, else the first of the usual ones that is there. */
export function findConfigFile(named: string | undefined): string {
  if (named !== undefined) return named;
  const found = USUAL_PLACES.find((place) => existsSync(place));
  if (found === undefined) {
    throw new UsageError(
      `no configuration: neither ${USUAL_PLACES.join(" nor ")} is here; name one with --config FILE, or try \`gateway demo\``,
    );
  }
  return found;
}

/** Reads a configuration file; prints what is wrong with it and answers undefined. */
export async function readConfigFile(file: string, console: Console): Promise<Config | undefined> {
  let text: string;
  try {
    text = await Bun.file(file).text();
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
  const { config, diagnostics } = loadConfig(file, text, console.environment);
  report(diagnostics, console);
  if (config === undefined) {
    const errors = diagnostics.length;
    console.err(`${file}: ${errors} ${errors === 1 ? "error" : "errors"}\n`);
  }
  return config;
}

function report(diagnostics: readonly Diagnostic[], console: Console): void {
  if (diagnostics.length === 0) return;
  console.err(`${formatDiagnostics([...diagnostics], { color: console.color })}\n`);
}

function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return String(error);
  if (error.code === "ENOENT") return "there is no such file";
  if (error.code === "EACCES") return "permission denied";
  if (error.code === "EISDIR") return "it is a folder";
  return String(error.code);
}
