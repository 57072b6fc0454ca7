import { checkConfig } from "./check.ts";
import type { Diagnostic } from "./text/diagnostics.ts";
import { ConfigDocument } from "./text/document.ts";
import { substituteEnvironment } from "./text/environment.ts";
import { type Config, configSchema } from "./schema.ts";
import { validate } from "./reading/validate.ts";

export interface Loaded {
  /** Absent when any diagnostic is an error; there when all are warnings. */
  readonly config: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a configuration from its text. `file` is what diagnostics call it. */
export function loadConfig(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Loaded {
  const document = ConfigDocument.parse(file, text);
  if (document.diagnostics.length > 0) {
    return { config: undefined, diagnostics: document.diagnostics };
  }
  const unset = substituteEnvironment(document, environment);
  const { value, partial, isWhole, diagnostics } = validate(configSchema, document);
  const issues = checkConfig(partial, isWhole, (path) => document.has(path));
  const found = eachOnce([
    ...unset,
    ...diagnostics,
    ...issues.map(({ path, message, severity }) =>
      document.diagnose(path, message, severity && { severity }),
    ),
  ]);
  return {
    config: found.some(isError) ? undefined : value,
    diagnostics: found,
  };
}

export function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

/** An anchored node is checked once for every alias; what is wrong in it is told once. */
function eachOnce(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const told = new Map(diagnostics.map((one) => [`${one.line}:${one.column} ${one.message}`, one]));
  return [...told.values()];
}
