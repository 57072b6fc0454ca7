import { statSync } from "node:fs";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";
import type { MetricSource } from "../../telemetry/metrics/registry.ts";
import type { SinkCounts } from "../../telemetry/sinks/counts.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { backendSource } from "./backends.ts";
import { connectionSources, type ConnectionsSubject } from "./connections.ts";
import { operationSources, type OperationSubject } from "./operation.ts";
import { processSources } from "./process.ts";
import { routeSources } from "./routes.ts";
import { trafficSources } from "./traffic.ts";

/** The parts of a gateway that metrics are read from. */
export interface MetricsSubject extends ConnectionsSubject, OperationSubject {
  readonly version: string;
  /** Unix epoch seconds. */
  readonly startedAt: number;
  readonly snapshot: () => Snapshot;
  readonly telemetry: Pick<Telemetry, "counts" | "settings">;
  readonly inFlight: () => number;
  readonly spans: () => SinkCounts;
}

/** What is read at each scrape. Nothing here costs a request anything. */
export function metricSources(subject: MetricsSubject): MetricSource[] {
  const { telemetry } = subject;
  return [
    ...trafficSources({
      version: subject.version,
      inFlight: subject.inFlight,
      exported: () => telemetry.counts("export"),
      spans: subject.spans,
      rows: () => telemetry.counts("access_log"),
      lines: () => telemetry.counts("lines"),
      logBytes: () => sizeOf(telemetry.settings.database),
    }),
    backendSource(subject.snapshot),
    ...routeSources(subject.snapshot),
    ...connectionSources(subject),
    ...operationSources(subject),
    ...processSources(subject),
  ];
}

/** Of a database and what is in its WAL. */
function sizeOf(database: string): number {
  return ["", "-wal"].reduce(
    (sum, end) => sum + (statSync(database + end, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
