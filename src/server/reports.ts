import type { Config } from "../config/schema.ts";
import { type Diagnostic, diagnosticLine } from "../config/text/diagnostics.ts";
import type { Logger } from "../telemetry/logger.ts";

/** At most this many; `check` prints all of them. */
const MOST_DIAGNOSTICS = 100;

/** Logs the errors and warnings of a configuration, one line each. */
export function logDiagnostics(diagnostics: readonly Diagnostic[], logger: Logger): void {
  for (const diagnostic of diagnostics.slice(0, MOST_DIAGNOSTICS)) {
    logger.log(diagnostic.severity === "error" ? "error" : "warn", diagnosticLine(diagnostic));
  }
  const more = diagnostics.length - MOST_DIAGNOSTICS;
  if (more > 0) logger.log("warn", `${more} more of these; \`gateway check\` prints all`);
}

/** "routes: 2, backends: 3" */
export function describeConfig({ routes }: Pick<Config, "routes">): string {
  const backends = new Set<string>();
  for (const route of routes) for (const { url } of route.backends) backends.add(url);
  return `routes: ${routes.length}, backends: ${backends.size}`;
}

/** Reminds the operator of each route whose backends' certificates are not verified. */
export function warnOfInsecurity({ routes }: Pick<Config, "routes">, logger: Logger): void {
  for (const { path, tls } of routes) {
    if (tls?.insecure_skip_verify !== true) continue;
    logger.log(
      "warn",
      `route ${path}: insecure_skip_verify is on: TLS certificates are not verified; traffic can be read and altered in transit`,
    );
  }
}
