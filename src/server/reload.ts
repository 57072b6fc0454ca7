import type { ConfigSource } from "../config/history/config-source.ts";
import type { Config } from "../config/schema.ts";
import { tracingSettings } from "../telemetry/tracing/schema.ts";
import { acmeSettings } from "./acme/settings.ts";
import type { Occasion } from "./parts/configurations.ts";
import { ListenError } from "./parts/open-port.ts";
import type { Parts } from "./parts/parts.ts";
import { warnOfInsecurity } from "./reports.ts";

/** A configuration that is to come into force. */
export interface NextConfiguration {
  readonly config: Config;
  /** Undefined if its text is not known. */
  readonly source: ConfigSource | undefined;
  readonly occasion: Occasion;
}

/**
 * Applies another configuration, part by part, while requests are served. Exchanges in flight finish
 * with the old one. A port that cannot be opened is reported and the old one stays; everything else
 * takes effect.
 */
export async function reloadGateway(
  parts: Parts,
  { config: next, source, occasion }: NextConfiguration,
  isStopping: () => boolean,
): Promise<void> {
  const snapshot = await parts.snapshots.compileInSlices(next, source?.id);
  if (isStopping()) {
    await parts.snapshots.retire(snapshot);
    throw new Error("the gateway is stopping");
  }
  warnOfInsecurity(next, parts.logger);
  parts.logLevel.forget();
  parts.telemetry.change(next.logging);
  parts.tracing.change(tracingSettings(next.tracing));
  parts.queries.change(next.logging.database);
  parts.server = next.server;
  changeAdmin(parts, next.admin);
  // Before the ports, which take what there is of them.
  parts.certificates.use(acmeSettings(next));
  changeTraffic(parts, next.server);
  const before = parts.gateway.snapshot;
  parts.gateway.swap(snapshot);
  parts.metrics.change(next.metrics, snapshot.routes);
  parts.metricExporter.change(next.metrics.export);
  parts.configurations.began(source, occasion);
  await parts.snapshots.retire(before);
}

function changeAdmin(parts: Parts, settings: Config["admin"]): void {
  const before = parts.admin.url?.href;
  keepingOldPort(parts, () => parts.admin.change(settings));
  const { url } = parts.admin;
  if (url !== undefined && url.href !== before) {
    parts.logger.log("info", `admin on ${url.origin}/admin`);
  }
}

function changeTraffic(parts: Parts, server: Config["server"]): void {
  const { traffic, logger } = parts;
  const before = new Set(traffic.urls.map(({ origin }) => origin));
  keepingOldPort(parts, () => traffic.change(server));
  for (const { origin } of traffic.urls) {
    if (!before.has(origin)) logger.log("info", `listening on ${origin}`);
  }
}

function keepingOldPort({ logger }: Parts, change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    logger.log("error", `${error.message}; the old address stays in use`);
  }
}
