import type { AccessLogEntry, LogLevel } from "./entry.ts";

type ColumnValue = string | number | null;

/** The columns that every access log has had since the first gateway, with their types. */
export const FIRST_COLUMNS = {
  source: "TEXT",
  level: "TEXT",
  message: "TEXT",
  timestamp: "TEXT",
  method: "TEXT",
  path: "TEXT",
  status_code: "INTEGER",
  latency_ms: "REAL",
  client_ip: "TEXT",
  user_agent: "TEXT",
  backend: "TEXT",
} as const;

/** All columns beside `id`, in the order of `valuesOf`. */
export const COLUMNS = {
  ...FIRST_COLUMNS,
  route: "TEXT",
  request_id: "TEXT",
  bytes_in: "INTEGER",
  bytes_out: "INTEGER",
  attempts: "INTEGER",
  ttfb_ms: "REAL",
  error_code: "TEXT",
  query: "TEXT",
  host: "TEXT",
  messages_in: "INTEGER",
  messages_out: "INTEGER",
} as const;

const LEVELS: Record<LogLevel, string> = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
};

/**
 * One row. An empty text is NULL in the columns that are ours alone; those that the first gateway had
 * may forbid it.
 */
export function valuesOf(entry: AccessLogEntry, timestamp: string): ColumnValue[] {
  return [
    "gateway",
    LEVELS[entry.level],
    entry.message || `${entry.method} ${entry.path} - ${entry.statusCode}`,
    timestamp,
    entry.method,
    entry.path,
    entry.statusCode,
    microseconds(entry.latencyMs),
    entry.clientIp,
    entry.userAgent,
    entry.backend,
    textOrNull(entry.route),
    textOrNull(entry.requestId),
    entry.bytesIn,
    entry.bytesOut,
    entry.attempts,
    entry.timeToFirstByteMs < 0 ? null : microseconds(entry.timeToFirstByteMs),
    textOrNull(entry.errorCode),
    textOrNull(entry.query),
    textOrNull(entry.host),
    entry.statusCode === 101 ? entry.messagesIn : null,
    entry.statusCode === 101 ? entry.messagesOut : null,
  ];
}

const textOrNull = (text: string): string | null => (text === "" ? null : text);

/** Milliseconds with three decimals; more is noise that takes up space. */
const microseconds = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;
