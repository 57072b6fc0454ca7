import type { ConfigSource } from "../config/history/config-source.ts";
import type { Config } from "../config/schema.ts";
import type { Diagnostic } from "../documents/text/diagnostics.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { ListenError } from "../server/parts/open-port.ts";
import { describeConfig, logDiagnostics } from "../server/reports.ts";
import type { ConfigurationFile } from "../server/parts/reloading.ts";
import { type RunningGateway, startGateway } from "../server/start.ts";
import type { Stopped } from "../server/stop.ts";
import { descriptorOutput, LineWriter } from "../telemetry/line-writer.ts";
import { Logger } from "../telemetry/logger.ts";
import { VERSION, versionLine } from "./build-info.ts";
import type { Console } from "./command.ts";

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;
/** Time limits for writing the last lines: normally, and after a second signal. */
const LAST_LINES_MS = 1_000;
const LAST_LINES_IN_A_HURRY_MS = 200;

export interface RunOptions {
  /** The configuration's name in the first line of the log. */
  readonly configuration: string;
  /** Warnings about the configuration. */
  readonly warnings?: readonly Diagnostic[];
  /** What is kept of its text; undefined if that is not known. */
  readonly source?: ConfigSource | undefined;
  /** Where it is read again from; undefined if it is from no file. */
  readonly file?: ConfigurationFile;
  /** Called when clients are being served. */
  readonly onReady?: (gateway: RunningGateway) => void;
}

/**
 * Runs a gateway until it is asked to stop. Resolves with the process's exit code. Not an async
 * function, because that would keep the configuration in memory.
 */
export function runGateway(config: Config, console: Console, options: RunOptions): Promise<number> {
  const clock = systemClock;
  const lines = new LineWriter(descriptorOutput(STANDARD_OUTPUT, clock), clock);
  const { level, format } = config.logging;
  const logger = new Logger({ level, format, color: console.color.out }, lines, clock);
  const signals = stopSignals(console);
  surviveStrayErrors(logger);
  let gateway: RunningGateway;
  try {
    gateway = startGateway({
      config,
      source: options.source,
      file: options.file,
      version: VERSION,
      logger,
      clock,
      random: Math.random,
    });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    logger.log("error", error.message);
    return lines.flush(LAST_LINES_MS).then(() => 1);
  }
  logger.log("info", `${versionLine()}, configured by ${options.configuration}`);
  logDiagnostics(options.warnings ?? [], logger);
  logger.log("info", `listening on ${gateway.urls.join(" and ")}, ${describeConfig(config)}`);
  if (gateway.adminUrl !== undefined) logger.log("info", `admin on ${gateway.adminUrl}/admin`);
  if (options.file !== undefined) console.onReloadSignal(() => void gateway.reloadFile("SIGHUP"));
  options.onReady?.(gateway);
  if (config.routes.length <= MOST_ROUTES_TO_COLLECT) forgetConfigurationSoon(clock);
  return untilStopped(gateway, signals, logger, lines);
}

async function untilStopped(
  gateway: RunningGateway,
  signals: StopSignals,
  logger: Logger,
  lines: LineWriter,
): Promise<number> {
  const first = await signals.next();
  logger.log("info", `${first}: no new connections, finishing requests in flight`);
  const hurry = new AbortController();
  const stopped = gateway.stop(hurry.signal);
  const second = signals.next();
  let outcome = await Promise.race([stopped, second]);
  if (typeof outcome === "string") {
    logger.log("warn", `${outcome} again: cutting requests in flight`);
    hurry.abort();
    outcome = await Promise.race([stopped, signals.next()]);
  }
  // A third signal ends all waiting.
  if (typeof outcome === "string") return 1;
  const isHurried = hurry.signal.aborted;
  report(outcome, isHurried, logger);
  await lines.flush(isHurried ? LAST_LINES_IN_A_HURRY_MS : LAST_LINES_MS);
  await reportDroppedLines(lines);
  if (outcome.lostRows > 0) return 3;
  return outcome.cut > 0 || isHurried ? 1 : 0;
}

/** Standard error may be the same pipe, so do not wait for it for long. */
async function reportDroppedLines(lines: LineWriter): Promise<void> {
  const { dropped } = lines.counts();
  if (dropped === 0) return;
  const errors = new LineWriter(descriptorOutput(STANDARD_ERROR, systemClock), systemClock);
  errors.line(`gateway: ${dropped} lines were not written: standard output was not being read`);
  await errors.flush(LAST_LINES_IN_A_HURRY_MS);
}

function report({ cut, lostRows }: Stopped, isHurried: boolean, logger: Logger): void {
  if (cut > 0) {
    const what = cut === 1 ? "1 request was" : `${cut} requests were`;
    const why = isHurried ? "" : ": still in flight after server.shutdown_timeout";
    logger.log("error", `${what} cut${why}`);
  }
  if (lostRows > 0) {
    const what = lostRows === 1 ? "1 row was" : `${lostRows} rows were`;
    logger.log("error", `${what} lost: the access log is incomplete`);
  }
  logger.log("info", "stopped");
}

/** Stop signals one by one, including those that arrive before anyone waits. */
interface StopSignals {
  next(): Promise<string>;
}

function stopSignals(console: Console): StopSignals {
  const waiting: ((signal: string) => void)[] = [];
  const arrived: string[] = [];
  console.onStopSignal((signal) => {
    const listener = waiting.shift();
    if (listener === undefined) arrived.push(signal);
    else listener(signal);
  });
  return {
    next(): Promise<string> {
      const signal = arrived.shift();
      if (signal !== undefined) return Promise.resolve(signal);
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}

/**
 * Collects the garbage of reading the configuration, which would otherwise stay with the old objects.
 * It is little: a large file is read on its own thread.
 */
function forgetConfigurationSoon(clock: Clock): void {
  clock.schedule(SETTLED_AFTER_MS, () => Bun.gc(true));
}

const SETTLED_AFTER_MS = 500;
/** A full collection takes about 1 ms per 100 routes, and requests wait for it. */
const MOST_ROUTES_TO_COLLECT = 1_000;

// An error outside of any request must not end everyone's requests.
function surviveStrayErrors(logger: Logger): void {
  const report = (kind: string) => (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logger.log("error", `${kind}: ${text}`);
  };
  process.on("unhandledRejection", report("unhandled rejection"));
  process.on("uncaughtException", report("uncaught exception"));
}
