import { checkConfig } from "./check.ts";
import { type Diagnostic, eachOnce } from "../documents/text/diagnostics.ts";
import { ConfigDocument } from "../documents/text/document.ts";
import { substituteEnvironment } from "../documents/text/environment.ts";
import type { ConfigSource } from "./history/config-source.ts";
import { withDefaults } from "./defaults.ts";
import { type Config, configSchema } from "./schema.ts";
import { withoutSecrets } from "./written-secrets.ts";
import { keyHints } from "./foreign-keys/hints.ts";
import { validate } from "../documents/reading/validate.ts";

export interface Loaded {
  /** Absent if any diagnostic is an error; present if all are warnings. */
  readonly config: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What is kept of its text, if that is wanted and it is valid. */
  readonly source?: ConfigSource | undefined;
}

/** Reads a configuration from its text. `file` is its name in diagnostics. */
export function loadConfig(...given: Parameters<typeof readConfig>): Loaded {
  const { config, diagnostics } = readConfig(...given);
  return { config, diagnostics };
}

/** The same, with the text's places; those are absent if it is not YAML. */
export function readConfig(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Loaded & { readonly document?: ConfigDocument } {
  const written = ConfigDocument.parse(file, text);
  if (written.root === undefined) {
    return { config: undefined, diagnostics: withoutSecrets(written.diagnostics, undefined) };
  }
  const document = written.withRoot(withDefaults(written.root));
  const unset = substituteEnvironment(document, environment);
  const { value, partial, isWhole, diagnostics } = validate(configSchema, document, keyHints);
  const issues = checkConfig(partial, isWhole, (path) => document.has(path));
  const found = eachOnce([
    ...unset,
    ...diagnostics,
    ...issues.map(({ path, message, offset, severity }) =>
      document.diagnose(path, message, { offset, severity }),
    ),
  ]);
  return {
    // The schema's types do not include what texts were parsed to, which is kept next to them.
    config: found.some(isError) ? undefined : (value as Config | undefined),
    diagnostics: withoutSecrets(found, document.root?.node),
    document,
  };
}

export function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}
