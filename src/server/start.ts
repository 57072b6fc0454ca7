import type { Config } from "../config/schema.ts";
import { splitAddress } from "../config/check.ts";
import type { Clock } from "../time/clock.ts";
import { EndOfTurn } from "../time/end-of-turn.ts";
import { problemMaker } from "../pipeline/problems.ts";
import { BufferBudget } from "../proxy/buffer-budget.ts";
import { ConnectionPool } from "../transport/pool.ts";
import { networkProbe } from "../transport/probe.ts";
import type { Transport } from "../transport/attempt.ts";
import type { Tunnel } from "../proxy/tunnel.ts";
import { Gateway } from "../runtime/gateway.ts";
import { compileSnapshot, retireSnapshot } from "../runtime/snapshot.ts";
import { AccessLog } from "../telemetry/access-log/access-log.ts";
import type { AccessLogEntry } from "../telemetry/access-log/entry.ts";
import { createAccessLogWorker } from "../telemetry/access-log/create-worker.ts";
import type { Logger } from "../telemetry/logger.ts";
import { HealthMonitor } from "../upstream/health/monitor.ts";
import { localOrToken, tokenOrElseLocal } from "./admin/access.ts";
import { createAdminApp } from "./admin/app.ts";
import { listenForAdmin } from "./admin/listen.ts";
import { ownPages } from "./own-pages.ts";
import { listenForTraffic } from "./traffic.ts";

export interface StartOptions {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface RunningGateway {
  readonly url: string;
  /** The operator's own address, where there is one. */
  readonly adminUrl: string | undefined;
  /** Puts another configuration to work. What is under way ends by the old one. */
  reload(config: Config): void;
  /** Stops accepting, lets what is in flight finish, writes the log out. */
  stop(): Promise<Stopped>;
}

export interface Stopped {
  /** Exchanges that were cut because time had run out. */
  readonly cut: number;
}

/** What has been opened with its settings when the process began. */
const FIXED_SECTIONS = ["server", "admin", "logging"] as const;

/** Rows that may wait for the database, some 50 MB of them, before further ones are dropped. */
const MAX_QUEUED_ROWS = 100_000;
/** At `kill -9` the rows of so many milliseconds are lost. */
const FLUSH_LOG_MS = 200;
/** More at a time cost less each, and hold the requests up that come meanwhile: 1000 for some 5 ms. */
export const LOG_BATCH_ROWS = 500;
/** What all answers that are being collected may take up together. */
const BUFFERED_BYTES = 64 * 1024 * 1024;
/** How long cut exchanges may take to notice. */
const SETTLE_MS = 500;
/** How long a graceful stop may spend on writing the access log out. */
const CLOSE_LOG_MS = 5_000;

/** Puts a configuration to work. Throws a ListenError when a port cannot be had. */
export function startGateway(options: StartOptions): RunningGateway {
  const { config, version, logger, clock, random } = options;
  // No function below may use `config`, which would keep all of its routes.
  const { server, admin, logging } = config;
  const fixed = { server, admin, logging };
  const entries = new EndOfTurn<AccessLogEntry>((entry) => {
    accessLog.write(entry);
    logger.exchange(entry);
  }, setImmediate);
  const monitor = new HealthMonitor({
    clock,
    random,
    probe: networkProbe(clock),
    onChange: ({ healthy, message }) => logger.log(healthy ? "info" : "warn", message),
  });
  const toProblem = problemMaker((exchange, error) => {
    logger.log("error", `request ${exchange.requestId} failed in the gateway: ${stackOf(error)}`);
  });
  const tunnels = new Set<Tunnel>();
  const budget = new BufferBudget(BUFFERED_BYTES);
  const connections = new ConnectionPool(clock);
  const transport: Transport = (attempt) => connections.send(attempt);
  const services = { clock, monitor, toProblem, budget, tunnels, transport };
  const adminApp = createAdminApp({
    snapshot: () => gateway.snapshot,
    accessLogCounts: () => accessLog.counts(),
  });
  const handleAdmin = (request: Request) => adminApp.handle(request);
  const gateway: Gateway = new Gateway({
    snapshot: compileSnapshot(config, services),
    ownPages: ownPages({
      snapshot: () => gateway.snapshot,
      version,
      admin:
        admin?.listen === undefined
          ? { isOperator: localOrToken(admin?.token), handle: handleAdmin }
          : undefined,
    }),
    clock,
    newRequestId: () => crypto.randomUUID(),
    onEntry: (entry) => entries.add(entry),
  });
  const patience = longestWait(config);
  const traffic = openPort(`${server.host}:${server.port}`, "server.port", () =>
    listenForTraffic(gateway, {
      host: server.host,
      port: server.port,
      maxMessageSize: server.max_message_size,
      longestWait: patience,
      onError: (error) => logger.log("debug", `an answer broke off: ${messageOf(error)}`),
    }),
  );
  const ownAdmin = openAdmin();
  // Not before the ports are open: where one cannot be had, its worker would outlive the failure.
  const accessLog = new AccessLog({
    database: logging.database,
    maxAge: logging.retention.max_age,
    maxSize: logging.retention.max_size,
    maxQueued: MAX_QUEUED_ROWS,
    flushInterval: FLUSH_LOG_MS,
    batchSize: LOG_BATCH_ROWS,
    clock,
    report: (level, message) => logger.log(level, message),
    createWorker: createAccessLogWorker,
  });
  monitor.start();
  warnOfInsecurity(config, logger);

  function openAdmin() {
    const listen = admin?.listen;
    if (listen === undefined) return undefined;
    try {
      return openPort(listen, "admin.listen", () =>
        listenForAdmin({
          ...splitAddress(listen),
          isOperator: tokenOrElseLocal(admin?.token),
          handle: handleAdmin,
        }),
      );
    } catch (error) {
      void traffic.stop(true);
      throw error;
    }
  }

  function reload(next: Config): void {
    for (const section of FIXED_SECTIONS) {
      if (!Bun.deepEquals(next[section], fixed[section])) {
        logger.log("warn", `\`${section}\` has changed; that takes effect at the next start`);
      }
    }
    warnOfInsecurity(next, logger);
    const previous = gateway.snapshot;
    gateway.swap(compileSnapshot({ ...next, server }, services));
    retireSnapshot(previous, monitor);
  }

  async function stop(): Promise<Stopped> {
    monitor.stop();
    const stopped = traffic.stop();
    for (const tunnel of tunnels) tunnel.shut(1001, "the gateway is stopping");
    await idleWithin(server.shutdown_timeout);
    const cut = gateway.inFlight;
    await traffic.stop(true);
    await stopped;
    // What was cut ends a little later, and is to be in the log as well.
    await idleWithin(SETTLE_MS);
    connections.close();
    await ownAdmin?.stop(true);
    entries.flush();
    await accessLog.close(CLOSE_LOG_MS);
    return { cut };
  }

  async function idleWithin(patience: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancelTimer = clock.schedule(patience, resolve);
    await Promise.race([gateway.whenIdle(), late]);
    cancelTimer();
  }

  return { url: traffic.url.origin, adminUrl: ownAdmin?.url.origin, reload, stop };
}

/** A port that could not be had, in words for the operator. */
export class ListenError extends Error {}

function openPort<Server>(address: string, key: string, open: () => Server): Server {
  try {
    return open();
  } catch (error) {
    const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
    if (code === "EADDRINUSE") {
      throw new ListenError(
        `cannot listen on ${address}: another process has this port; stop it, or choose another port with \`${key}\``,
        { cause: error },
      );
    }
    throw new ListenError(`cannot listen on ${address} (\`${key}\`): ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The longest that a handler may be waiting without a byte moving; Infinity when it may for ever. */
function longestWait({ server, routes }: Config): number {
  const { read_timeout: request, write_timeout: response } = server;
  const waits = routes.map(({ timeouts }) => [
    timeouts?.request ?? request,
    timeouts?.response ?? response,
  ]);
  return waits.flat().includes(0)
    ? Number.POSITIVE_INFINITY
    : Math.max(...waits.map(([one = 0, other = 0]) => one + other));
}

function warnOfInsecurity({ routes }: Config, logger: Logger): void {
  for (const { path, tls } of routes) {
    if (tls?.insecure_skip_verify !== true) continue;
    logger.log(
      "warn",
      `route ${path}: insecure_skip_verify is on, so anybody in between can read and change what is sent`,
    );
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
