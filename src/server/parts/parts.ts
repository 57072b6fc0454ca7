import type { Config } from "../../config/schema.ts";
import type { Tunnel } from "../../proxy/tunnel/tunnel.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import type { Live } from "../../telemetry/live/live.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { MetricExporter } from "../../telemetry/otlp/metric-exporter.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { Tracing } from "../../telemetry/tracing/tracing.ts";
import type { Clock } from "../../time/clock.ts";
import type { ConnectionPool } from "../../transport/pool.ts";
import type { HealthMonitor } from "../../upstream/health/monitor.ts";
import type { AutomaticCertificates } from "../acme/automatic-certificates.ts";
import type { ReloadCounts } from "../reload-counts.ts";
import type { Admin } from "./admin.ts";
import type { Configurations } from "./configurations.ts";
import type { DescriptorWatch } from "./descriptor-watch.ts";
import type { Metrics } from "./metrics.ts";
import type { LogLevelSwitch } from "./log-level.ts";
import type { LogQueries } from "./log-queries.ts";
import type { Reloading } from "./reloading.ts";
import type { Snapshots } from "./snapshots.ts";
import type { TrafficPorts } from "./traffic-ports.ts";

/** The parts of a running gateway. Each can be changed while the others run. */
export interface Parts {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly live: Live;
  readonly metrics: Metrics;
  readonly metricExporter: MetricExporter;
  readonly tracing: Tracing;
  readonly monitor: HealthMonitor;
  readonly connections: ConnectionPool;
  readonly tunnels: ReadonlySet<Tunnel>;
  readonly snapshots: Snapshots;
  readonly gateway: Gateway;
  readonly admin: Admin;
  readonly traffic: TrafficPorts;
  readonly logLevel: LogLevelSwitch;
  readonly queries: LogQueries;
  readonly configurations: Configurations;
  readonly reloading: Reloading;
  readonly certificates: AutomaticCertificates;
  readonly descriptors: DescriptorWatch;
  readonly reloads: ReloadCounts;
  /** Current settings that belong to no part. */
  server: Config["server"];
}
