import { backendUrls } from "../config/backend-urls.ts";
import type { Config } from "../config/schema.ts";
import { type Diagnostic, diagnosticLine } from "../documents/text/diagnostics.ts";
import type { Logger } from "../telemetry/logger.ts";

type Configured = Pick<Config, "routes" | "upstreams">;

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
export function describeConfig(config: Configured): string {
  return `routes: ${config.routes.length}, backends: ${backendUrls(config).size}`;
}

/** Reminds the operator of routes and upstreams whose backends' certificates are not verified. */
export function warnOfInsecurity({ routes, upstreams }: Configured, logger: Logger): void {
  const named = Object.entries(upstreams ?? {});
  for (const [where, { tls }] of [
    ...routes.map((route) => [`route ${route.path}`, route] as const),
    ...named.map(([name, keys]) => [`upstream ${name}`, keys] as const),
  ]) {
    if (tls?.insecure_skip_verify !== true) continue;
    logger.log(
      "warn",
      `${where}: insecure_skip_verify is on: TLS certificates are not verified; traffic can be read and altered in transit`,
    );
  }
}
