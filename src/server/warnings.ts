import type { Config } from "../config/schema.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Reminds the operator of each route whose backends' certificates are not verified. */
export function warnOfInsecurity({ routes }: Config, logger: Logger): void {
  for (const { path, tls } of routes) {
    if (tls?.insecure_skip_verify !== true) continue;
    logger.log(
      "warn",
      `route ${path}: insecure_skip_verify is on: TLS certificates are not verified; traffic can be read and altered in transit`,
    );
  }
}
