import type { Clock } from "../time/clock.ts";
import type { AccessLogEntry, LogLevel } from "./access-log/entry.ts";
import type { LineWriter } from "./line-writer.ts";

export type LogFields = Readonly<Record<string, string | number | boolean>>;

export interface LoggerOptions {
  /** The least level that is written. */
  readonly level: LogLevel;
  readonly format: "text" | "json";
  /** Whether levels are coloured; only for text on a terminal. */
  readonly color: boolean;
}

const SEVERITY: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOR: Record<LogLevel, string> = {
  debug: "\u001B[90m",
  info: "\u001B[32m",
  warn: "\u001B[33m",
  error: "\u001B[31m",
};
const RESET = "\u001B[0m";

/** The operator's log: diagnostics, and a line per exchange. */
export class Logger {
  #options: LoggerOptions;
  readonly #writer: LineWriter;
  readonly #clock: Clock;
  #threshold: number;
  readonly #tags: Record<LogLevel, string>;
  #second = -1;
  #stamp = "";

  constructor(options: LoggerOptions, writer: LineWriter, clock: Clock) {
    this.#options = options;
    this.#writer = writer;
    this.#clock = clock;
    this.#threshold = SEVERITY[options.level];
    this.#tags = {
      debug: tag("debug", options.color),
      info: tag("info", options.color),
      warn: tag("warn", options.color),
      error: tag("error", options.color),
    };
  }

  /** Puts another level and format in force. */
  configure({ level, format }: Pick<LoggerOptions, "level" | "format">): void {
    this.#options = { ...this.#options, level, format };
    this.#threshold = SEVERITY[level];
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    if (SEVERITY[level] < this.#threshold) return;
    const now = this.#clock.wall();
    if (this.#options.format === "json") {
      this.#writer.line(
        JSON.stringify({ time: new Date(now).toISOString(), level, message, ...fields }),
      );
      return;
    }
    let line = `${this.#timestamp(now)} ${this.#tags[level]} ${message}`;
    for (const [name, value] of Object.entries(fields ?? {})) line += ` ${name}=${value}`;
    this.#writer.line(line);
  }

  /** The line of one exchange. */
  exchange(entry: AccessLogEntry): void {
    if (SEVERITY[entry.level] < this.#threshold) return;
    const now = this.#clock.wall();
    this.#writer.line(
      this.#options.format === "json"
        ? exchangeAsJson(entry, now)
        : `${this.#timestamp(now)} ${this.#tags[entry.level]} ${exchangeAsText(entry)}`,
    );
  }

  /** Local time, as the operator's own clock shows it; made anew once a second. */
  #timestamp(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const at = new Date(now);
      const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join("/");
      const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(":");
      this.#stamp = `${day} ${time}`;
    }
    return this.#stamp;
  }
}

function tag(level: LogLevel, color: boolean): string {
  const text = `[${level.toUpperCase()}]`;
  return color ? `${COLOR[level]}${text}${RESET}` : text;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function exchangeAsText(entry: AccessLogEntry): string {
  let line = `${entry.method} ${entry.path} - ${entry.statusCode} (${Math.round(entry.latencyMs)}ms)`;
  if (entry.backend !== "") line += ` - Backend: ${entry.backend}`;
  if (entry.errorCode !== "") line += ` - ${entry.errorCode}: ${entry.message}`;
  return line;
}

function exchangeAsJson(entry: AccessLogEntry, now: number): string {
  return JSON.stringify({
    time: new Date(now).toISOString(),
    level: entry.level,
    message: `${entry.method} ${entry.path} - ${entry.statusCode}`,
    method: entry.method,
    path: entry.path,
    query: entry.query,
    host: entry.host,
    status_code: entry.statusCode,
    latency_ms: Math.round(entry.latencyMs * 1000) / 1000,
    client_ip: entry.clientIp,
    user_agent: entry.userAgent,
    backend: entry.backend,
    route: entry.route,
    request_id: entry.requestId,
    bytes_in: entry.bytesIn,
    bytes_out: entry.bytesOut,
    attempts: entry.attempts,
    ...(entry.statusCode === 101 && {
      messages_in: entry.messagesIn,
      messages_out: entry.messagesOut,
    }),
    ...(entry.errorCode === "" ? {} : { error_code: entry.errorCode, error: entry.message }),
  });
}
