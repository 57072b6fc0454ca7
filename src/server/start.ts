import type { ConfigSource } from "../config/history/config-source.ts";
import type { Config } from "../config/schema.ts";
import { VIA } from "../pipeline/outgoing-fields.ts";
import { problemMaker, type ToProblem } from "../pipeline/problems.ts";
import { TraceIds } from "../pipeline/trace.ts";
import { Tunnels } from "../proxy/tunnel/tunnel.ts";
import { Gateway } from "../runtime/gateway.ts";
import { Lifetimes } from "../runtime/lifetimes.ts";
import { redisLink } from "../store/link.ts";
import type { Snapshot } from "../runtime/snapshot/snapshot.ts";
import { Live } from "../telemetry/live/live.ts";
import type { Note } from "../telemetry/notes/note.ts";
import type { Logger } from "../telemetry/logger.ts";
import { liveSink } from "../telemetry/sinks/live.ts";
import { sinkKinds } from "../telemetry/sinks/registry.ts";
import { MetricExporter } from "../telemetry/otlp/metric-exporter.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { tracingSettings } from "../telemetry/tracing/schema.ts";
import { Tracing } from "../telemetry/tracing/tracing.ts";
import type { Clock } from "../time/clock.ts";
import { Names } from "../transport/names.ts";
import { ConnectionPool } from "../transport/pool.ts";
import { networkProbe } from "../transport/probe.ts";
import { HealthMonitor } from "../upstream/health/monitor.ts";
import { AutomaticCertificates } from "./acme/automatic-certificates.ts";
import { acmeSettings } from "./acme/settings.ts";
import { metricSources } from "./metrics/sources.ts";
import { changesOfBackends } from "./admin/api/backend-states.ts";
import { Admin } from "./parts/admin.ts";
import { Configurations } from "./parts/configurations.ts";
import { descriptorRoom, DescriptorWatch } from "./parts/descriptor-watch.ts";
import { LogLevelSwitch } from "./parts/log-level.ts";
import { LogQueries } from "./parts/log-queries.ts";
import { MisuseLog } from "./parts/misuse-log.ts";
import { Metrics } from "./parts/metrics.ts";
import type { Parts } from "./parts/parts.ts";
import { type ConfigurationFile, Reloading } from "./parts/reloading.ts";
import { Snapshots } from "./parts/snapshots.ts";
import { TrafficPorts } from "./parts/traffic-ports.ts";
import { ReloadCounts } from "./reload-counts.ts";
import { reloadGateway } from "./reload.ts";
import { stopGateway, type Stopped } from "./stop.ts";
import { warnOfInsecurity } from "./reports.ts";

export interface StartOptions {
  readonly config: Config;
  /** What is kept of its text; undefined if that is not known. */
  readonly source?: ConfigSource | undefined;
  /** Where it is read again from; undefined if it is from no file. */
  readonly file?: ConfigurationFile | undefined;
  readonly version: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Starts a gateway. Throws a ListenError if a port cannot be opened. */
export function startGateway({ config, ...options }: StartOptions): RunningGateway {
  const parts = openParts(config, options);
  warnOfInsecurity(config, options.logger);
  parts.configurations.began(options.source, { cause: "start", by: "start" });
  return new RunningGateway(parts);
}

/** A running gateway. */
export class RunningGateway {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The first of the addresses for clients. */
  get url(): string {
    return this.urls[0] ?? "";
  }

  /** The addresses for clients. */
  get urls(): string[] {
    return this.#parts.traffic.urls.map(({ origin }) => origin);
  }

  /** The operator's own address, if there is one. */
  get adminUrl(): string | undefined {
    return this.#parts.admin.url?.origin;
  }

  /**
   * Applies another configuration. Exchanges in flight finish with the old one. Rejects, and changes
   * nothing, if a file that the configuration names cannot be read or the gateway is stopping.
   */
  reload(config: Config): Promise<void> {
    return this.#parts.reloading.apply(config, undefined, { cause: "reload", by: "program" });
  }

  /** Reads the file again, and applies it if it is valid. The log says what came of it. Never rejects. */
  async reloadFile(cause: string): Promise<void> {
    await this.#parts.reloading.reload({ cause, by: "signal" });
  }

  /**
   * Stops accepting, lets exchanges in flight finish, writes the log out. To be called once. When
   * `hurry` aborts, exchanges in flight are cut at once.
   */
  stop(hurry: AbortSignal = new AbortController().signal): Promise<Stopped> {
    this.#parts.reloading.stop();
    return stopGateway(this.#parts, hurry);
  }
}

/** Opens the parts one by one. If one cannot be opened, closes those before it. */
function openParts(config: Config, options: Omit<StartOptions, "config">): Parts {
  const parts = createParts(config, options);
  const { traffic, certificates, admin, telemetry, metrics, monitor, descriptors } = parts;
  try {
    certificates.use(acmeSettings(config));
    traffic.open();
    admin.open();
    telemetry.open();
    metrics.start();
    parts.metricExporter.change(config.metrics.export);
    monitor.start();
    descriptors.start();
    traffic.admission.room = descriptorRoom();
    certificates.start();
  } catch (error) {
    void parts.snapshots.retire(parts.gateway.snapshot);
    void admin.close();
    void traffic.close();
    throw error;
  }
  return parts;
}

function createParts(config: Config, options: Omit<StartOptions, "config">): Parts {
  const { logger, clock, random, version, source, file } = options;
  const live = new Live({
    clock,
    inFlight: () => gateway.inFlight,
    backends: () => JSON.stringify({ backends: changesOfBackends(gateway.snapshot) }),
  });
  const kinds = [...sinkKinds, liveSink(live)];
  const otlp = {
    random,
    fetch: (url: string, init: BunFetchRequestInit) => fetch(url, init),
    version,
    instance: instanceId(random),
  };
  const telemetry = new Telemetry(kinds, config.logging, { logger, clock, otlp });
  const tracing = new Tracing(tracingSettings(config.tracing), {
    ...otlp,
    clock,
    report: (level, message) => logger.log(level, `tracing: ${message}`),
  });
  const names = new Names(clock);
  const monitor = new HealthMonitor({
    clock,
    random,
    probe: networkProbe(clock, names),
    onChange: ({ healthy, message }) => logger.log(healthy ? "info" : "warn", message),
    warn: (message) => logger.log("warn", message),
  });
  const connections = new ConnectionPool({ clock, random, names });
  const tunnels = new Tunnels();
  const snapshots = new Snapshots({
    clock,
    random,
    ownSecret: crypto.randomUUID() + crypto.randomUUID(),
    log: (level, message) => logger.log(level, message),
    monitor,
    lifetimes: new Lifetimes(),
    tunnels,
    toProblem: reportingProblems(logger),
    fetch: (url, init) => fetch(url, init),
    openLink: redisLink,
    traceIds: new TraceIds((bytes) => crypto.getRandomValues(bytes)),
    transport: (attempt) => connections.send(attempt),
  });
  let inForce = config;
  const snapshot = (): Snapshot => gateway.snapshot;
  const note = (written: Note) => telemetry.note(written);
  const queries = new LogQueries(config.logging.database, clock);
  const logLevel = new LogLevelSwitch(logger, clock);
  const configurations = new Configurations(file?.name, {
    clock,
    note,
    announce: (event, data) => live.announce(event, data),
  });
  const reloads = new ReloadCounts(clock);
  const reloading = new Reloading({
    clock,
    logger,
    file,
    note,
    counts: reloads,
    isInForce: (text) => configurations.isText(text),
    async apply(next, isStopping) {
      await reloadGateway(parts, next, isStopping);
      inForce = next.config;
    },
  });
  const accessLogCounts = () => ({
    ...telemetry.counts("access_log"),
    lines_dropped: telemetry.counts("lines").dropped,
  });
  const mainPort = (): number => traffic.plainPort;
  const redirectPort = (): number | undefined => traffic.redirectPort;
  const onError = (error: unknown) => logger.log("error", `a listener failed: ${messageOf(error)}`);
  const admin = new Admin(
    {
      version,
      startedAt: clock.wall(),
      snapshot,
      configuration: () => inForce,
      live,
      metrics: () => metrics.registry,
      queries: () => queries.current,
      certificates: () => traffic.certificates,
      note,
      operations: {
        logLevel,
        configuredLevel: () => telemetry.settings.level,
        reloading,
        configurations,
      },
      accessLogCounts,
      onChange: (message) => logger.log("info", message),
      mainPort,
      redirectPort,
    },
    config.admin,
    {
      clock,
      random,
      onError,
    },
  );
  const gateway: Gateway = new Gateway({
    snapshot: snapshots.compile(config, source?.id),
    ownPages: (exchange) => certificates.page(exchange) ?? admin.page(exchange),
    clock,
    via: `${VIA}-${otlp.instance}`,
    newRequestId: () => crypto.randomUUID(),
    onEnd(exchange) {
      telemetry.take(exchange);
      if (exchange.trace !== undefined) tracing.take(exchange);
    },
  });
  const renewals = { succeeded: 0, failed: 0 };
  const certificates: AutomaticCertificates = new AutomaticCertificates({
    clock,
    random,
    log: (level, message) => logger.log(level, message),
    fetch: (url, init) => fetch(url, init),
    onChange: () => traffic.certificatesChanged(),
    counts: renewals,
  });
  const misuses = new MisuseLog(clock, logger);
  const traffic: TrafficPorts = new TrafficPorts(gateway, config.server, {
    clock,
    logger,
    certificates,
    onMisuse: ({ peer }, reason) => misuses.add(peer, reason),
    onError,
  });
  const descriptors = new DescriptorWatch({ clock, logger, admission: traffic.admission });
  const metrics: Metrics = new Metrics(config.metrics, {
    clock,
    telemetry,
    snapshot,
    sources: metricSources({
      version,
      startedAt: clock.wall() / 1000,
      snapshot,
      telemetry,
      inFlight: () => gateway.inFlight,
      spans: () => tracing.counts(),
      ports: () => traffic.ports,
      tunnels,
      backendConnections: () => connections.size,
      reloads,
      certificates: () => traffic.certificates,
      renewals,
    }),
  });
  const metricExporter = new MetricExporter(() => metrics.registry, {
    ...otlp,
    clock,
    report: (level, message) => logger.log(level, message),
  });
  const parts: Parts = {
    logger,
    clock,
    telemetry,
    live,
    metrics,
    metricExporter,
    tracing,
    monitor,
    connections,
    tunnels,
    snapshots,
    gateway,
    admin,
    traffic,
    certificates,
    descriptors,
    reloads,
    queries,
    logLevel,
    configurations,
    reloading,
    server: config.server,
  };
  return parts;
}

/** Distinguishes this gateway from others in Via. */
function instanceId(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}

function reportingProblems(logger: Logger): ToProblem {
  return problemMaker((exchange, error) => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const told = exchange.redaction.message(reason, exchange.fields.all);
    logger.log("error", `request ${exchange.requestId} failed in the gateway: ${told}`);
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
