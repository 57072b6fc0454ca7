import { formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The smallest good configuration, to go below the lines that a test is about. */
export const ROUTE = `routes:
  - path: /a
    backends: [http://a]
`;

/** Good lines up to those of the last route that a test is about. */
export const route = (rest: string) => `${ROUTE}    ${rest}\n`;

/** All that is printed for a text; "" when it is good. */
export function printed(text: string, environment: Environment = {}): string {
  const { diagnostics } = loadConfig("gateway.yaml", text, environment);
  return formatDiagnostics(diagnostics, { color: false });
}

/** The places and messages of the errors alone, as they are printed: "2:9: unknown key …". */
export function errorsIn(text: string, environment: Environment = {}): string[] {
  return headings(printed(text, environment), "error");
}

/** The places and messages of the warnings alone. */
export function warningsIn(text: string, environment: Environment = {}): string[] {
  return headings(printed(text, environment), "warning");
}

function headings(text: string, severity: "error" | "warning"): string[] {
  const heading = new RegExp(`^gateway\\.yaml:([0-9]+:[0-9]+: )${severity}: (.*)$`, "gm");
  return [...text.matchAll(heading)].map(([, place, message]) => `${place}${message}`);
}

/** The configuration of a valid text; throws the printed errors of any other. */
export function loaded(text: string, environment: Environment = {}): Config {
  const { config } = loadConfig("gateway.yaml", text, environment);
  if (config === undefined) throw new Error(printed(text, environment));
  return config;
}
