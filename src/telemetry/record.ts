import type { Clock } from "../time/clock.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { AccessLogEntry, LogLevel } from "./access-log/entry.ts";

/** What the access log keeps of an exchange. Runs once, when the exchange is over. */
export function toEntry(exchange: Exchange, clock: Clock): AccessLogEntry {
  const { target, headersAt, started } = exchange;
  return {
    timestamp: exchange.startedAt,
    level: levelOf(exchange.status),
    message: exchange.errorDetail,
    method: exchange.method,
    path: target.path,
    query: target.query,
    host: target.host,
    statusCode: exchange.status,
    latencyMs: clock.monotonic() - started,
    timeToFirstByteMs: headersAt === 0 ? -1 : headersAt - started,
    clientIp: exchange.client.address,
    userAgent: exchange.fields.userAgent ?? "",
    backend: exchange.backend,
    route: exchange.route,
    requestId: exchange.requestId,
    bytesIn: exchange.bytesIn,
    bytesOut: exchange.bytesOut,
    messagesIn: exchange.messagesIn,
    messagesOut: exchange.messagesOut,
    attempts: exchange.attempts.length,
    errorCode: exchange.errorCode ?? "",
  };
}

function levelOf(status: number): LogLevel {
  if (status >= 500) return "error";
  return status >= 400 ? "warn" : "info";
}
