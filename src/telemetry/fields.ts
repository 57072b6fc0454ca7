import { errorKinds } from "../pipeline/errors.ts";
import type { AttemptRecord, Exchange } from "../pipeline/exchange.ts";
import { thousandths } from "../units/thousandths.ts";
import { visible } from "../http/target.ts";
import { number, type NumberField, same, text, type TextField } from "./field.ts";
import type { LogLevel } from "../units/log-level.ts";
import { timestampFormatter } from "./timestamp.ts";

const timestampOf = timestampFormatter();

/**
 * Every field of the access log, defined once, in the order of the columns. Records, batches, the
 * table, INSERT, JSON lines and text lines are derived from this.
 *
 * The columns of the first gateway may be NOT NULL, so their empty texts stay texts.
 */
export const fields = {
  level: text<LogLevel>({
    column: "level",
    repeats: "often",
    // A gRPC client gets 200 with any error.
    read: ({ status, errorCode, grpcStatus }) =>
      levelOf(
        grpcStatus === undefined || errorCode === undefined ? status : errorKinds[errorCode].status,
      ),
    toSql: (level) => LEVELS[level],
    // Every line starts with it.
    toJson: undefined,
  }),
  /** What went wrong, for people; empty when nothing did. */
  message: text({
    column: "message",
    repeats: "in runs",
    limit: 2048,
    read: ({ errorDetail, fields, redaction }) =>
      errorDetail === "" ? "" : redaction.message(errorDetail, fields.all),
    toSql: (message, { method, path, statusCode }) =>
      message === "" ? `${method} ${path} - ${statusCode}` : message,
    toJson: undefined,
  }),
  /** Unix epoch milliseconds at which the request arrived. */
  timestamp: number({
    column: "timestamp",
    type: "TEXT",
    read: ({ startedAt }) => startedAt,
    toSql: (time) => timestampOf(time),
    toJson: undefined,
  }),
  method: text({
    column: "method",
    repeats: "often",
    limit: 64,
    read: ({ method }) => method,
    toSql: same,
    inLine: { place: 1 },
  }),
  path: text({
    column: "path",
    repeats: "seldom",
    limit: 8192,
    read: ({ target, redaction }) => redaction.path(target.path),
    toSql: same,
    inLine: { place: 2, before: " " },
  }),
  statusCode: number({
    column: "status_code",
    type: "INTEGER",
    read: ({ status }) => status,
    inLine: { place: 3, before: " - " },
  }),
  /** Milliseconds from the request's arrival to the end of its answer. */
  latencyMs: number({
    column: "latency_ms",
    type: "REAL",
    read: ({ started }, now) => now - started,
    toSql: thousandths,
    toJson: thousandths,
    inLine: { place: 4, before: " (", toText: Math.round, after: "ms)" },
  }),
  clientIp: text({
    column: "client_ip",
    repeats: "in runs",
    limit: 64,
    read: ({ client }) => client.address,
    toSql: same,
    inLine: { place: 6, before: " - Client: " },
  }),
  userAgent: text({
    column: "user_agent",
    repeats: "often",
    limit: 1024,
    read: ({ fields, redaction }) => redaction.userAgent(fields.userAgent),
    toSql: same,
  }),
  backend: text({
    column: "backend",
    repeats: "often",
    read: ({ backend }) => backend,
    toSql: same,
    inLine: { place: 5, toText: (url) => (url === "" ? "" : ` - Backend: ${url}`) },
  }),
  route: text({ column: "route", repeats: "often", read: ({ route }) => route }),
  requestId: text({
    column: "request_id",
    repeats: "seldom",
    limit: 128,
    read: ({ requestId }) => requestId,
    inLine: { place: 7, before: " - Id: " },
  }),
  /** Content bytes received from the client. */
  bytesIn: number({ column: "bytes_in", type: "INTEGER", read: ({ bytesIn }) => bytesIn }),
  /** Content bytes sent to the client. */
  bytesOut: number({ column: "bytes_out", type: "INTEGER", read: ({ bytesOut }) => bytesOut }),
  attempts: number({
    column: "attempts",
    type: "INTEGER",
    read: ({ attempts }) => attempts.length,
  }),
  /** Of several attempts each with its backend, what came of it, and milliseconds; otherwise empty. */
  attemptOutcomes: text({
    column: "attempt_outcomes",
    isExceptional: true,
    repeats: "in runs",
    limit: 2048,
    read: ({ attempts }) => (attempts.length > 1 ? attempts.map(outcomeOf).join("; ") : ""),
    toJson: textOrAbsent,
  }),
  /** Milliseconds to the backend's header section; -1 when none came. */
  ttfbMs: number({
    column: "ttfb_ms",
    type: "REAL",
    read: ({ headersAt, started }) => (headersAt === 0 ? -1 : headersAt - started),
    toSql: (ttfb) => (ttfb < 0 ? null : thousandths(ttfb)),
    toJson: (ttfb) => (ttfb < 0 ? undefined : thousandths(ttfb)),
  }),
  /** The problem's code; empty when there was none. */
  errorCode: text({
    column: "error_code",
    isExceptional: true,
    repeats: "often",
    read: ({ errorCode }) => errorCode ?? "",
    toJson: textOrAbsent,
    inLine: {
      place: 8,
      toText: (code, { message }) => (code === "" ? "" : ` - ${code}: ${message}`),
    },
  }),
  /** Empty, or with its leading "?"; without the values that may be secrets. */
  query: text({
    column: "query",
    repeats: "in runs",
    limit: 8192,
    read: ({ target, redaction }) => redaction.query(visible(target.query)),
  }),
  host: text({
    column: "host",
    repeats: "often",
    limit: 255,
    read: ({ target, redaction }) =>
      target.refusal === undefined ? target.host : redaction.host(target.host),
  }),
  /** Of the client's connection: "HTTP/1.1". */
  protocol: text({
    column: "protocol",
    repeats: "often",
    read: ({ request }) => request.protocol,
  }),
  /** "TLSv1.3"; empty without TLS. */
  tlsVersion: text({
    column: "tls_version",
    repeats: "often",
    read: ({ request }) => request.connection.tls?.version ?? "",
    toJson: textOrAbsent,
  }),
  /** The server name that the client asked for by TLS (SNI); empty without one. */
  serverName: text({
    column: "server_name",
    repeats: "often",
    limit: 255,
    read: ({ request }) => request.connection.tls?.serverName ?? "",
    toJson: textOrAbsent,
  }),
  /** Messages of a WebSocket from the client. */
  messagesIn: messages("messages_in", ({ messagesIn }) => messagesIn),
  /** Messages of a WebSocket to the client. */
  messagesOut: messages("messages_out", ({ messagesOut }) => messagesOut),
  /** Who caused the error: client, backend or gateway; empty without one. */
  endedBy: text({
    column: "ended_by",
    isExceptional: true,
    repeats: "often",
    read: ({ endedBy }) => endedBy ?? "",
    toJson: textOrAbsent,
  }),
  /** Of a gRPC answer, or what the gateway answered a gRPC client; -1 for others. */
  grpcStatus: countOrAbsent("grpc_status", ({ grpcStatus }) => grpcStatus ?? -1),
  /** "hit", "collapsed", or why a backend was asked: "uri-miss"; empty without a cache. */
  cache: text({
    column: "cache",
    repeats: "often",
    read: ({ cache }) => cache,
    toJson: textOrAbsent,
  }),
  /** Who the client is, by what a provider knows; empty without one. */
  subject: text({
    column: "subject",
    repeats: "in runs",
    limit: 255,
    read: ({ identity }) => identity?.subject ?? "",
    toJson: textOrAbsent,
  }),
  /** The name of the provider that says so; empty without one. */
  provider: text({
    column: "provider",
    repeats: "often",
    read: ({ identity }) => identity?.provider ?? "",
    toJson: textOrAbsent,
  }),
  /** The name of the upstream; empty for one without a name. */
  upstream: text({
    column: "upstream",
    repeats: "often",
    read: ({ upstream }) => upstream,
    toJson: textOrAbsent,
  }),
  /** The policy that answered or refused it; empty if none did. */
  refusedBy: text({
    column: "refused_by",
    isExceptional: true,
    repeats: "often",
    read: ({ refusedBy }) => refusedBy,
    toJson: textOrAbsent,
  }),
  /** The id of the configuration that served it. */
  configuration: text({
    column: "configuration",
    repeats: "often",
    read: ({ configuration }) => configuration,
    toJson: textOrAbsent,
  }),
  /** The trace's id (W3C Trace Context), 32 hexadecimal digits; empty if it is not traced. */
  traceId: text({
    column: "trace_id",
    repeats: "seldom",
    read: ({ trace }) => trace?.traceId ?? "",
    toJson: textOrAbsent,
  }),
  /** The language model that answered; empty for other answers. */
  model: text({
    column: "model",
    isExceptional: true,
    repeats: "often",
    limit: 255,
    read: ({ usage }) => usage?.model ?? "",
    toJson: textOrAbsent,
  }),
  /** Tokens of a language model's request; -1 if unknown. */
  tokensIn: countOrAbsent("tokens_in", ({ usage }) => usage?.tokensIn ?? -1),
  /** Tokens of its answer; -1 if unknown. */
  tokensOut: countOrAbsent("tokens_out", ({ usage }) => usage?.tokensOut ?? -1),
  /** Why it went as it did, as JSON; empty if that is not kept. */
  decisions: kept("decisions", ({ details }) => details?.decisions),
  /** The request's fields, as JSON, redacted; empty if they are not kept. */
  requestFields: kept("request_fields", ({ details }) => details?.requestFields),
  /** The same of the answer. */
  responseFields: kept("response_fields", ({ details }) => details?.responseFields),
  /** The beginning of the request's content, redacted; empty if it is not kept. */
  requestBody: kept("request_body", ({ details }) => details?.requestBody),
  /** The same of the answer's. */
  responseBody: kept("response_body", ({ details }) => details?.responseBody),
} as const;

/** "http://localhost:9001 503 12ms", "http://localhost:9002 timeout 2000ms". */
function outcomeOf({ backend, outcome, status, startedAt, endedAt }: AttemptRecord): string {
  const what = outcome === "answered" ? status : outcome;
  return `${backend} ${what} ${Math.round(endedAt - startedAt)}ms`;
}

const LEVELS: Readonly<Record<LogLevel, string>> = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
};

/** An integer that is NULL below 0. */
function countOrAbsent(column: string, read: NumberField["read"]): NumberField {
  return number({
    column,
    type: "INTEGER",
    read,
    isExceptional: true,
    toSql: (count) => (count < 0 ? null : count),
    toJson: (count) => (count < 0 ? undefined : count),
  });
}

/**
 * A detail of a few exchanges, for their rows alone: printable text, most of it JSON by `printableJson`. It
 * stands last, so that other columns are found first.
 */
function kept(column: string, read: (exchange: Exchange) => string | undefined): TextField {
  return text({
    column,
    repeats: "seldom",
    isExceptional: true,
    isVerbatim: true,
    read: (exchange) => read(exchange) ?? "",
    toJson: undefined,
  });
}

/** A count that only WebSockets have. */
function messages(column: string, read: NumberField["read"]): NumberField {
  return number({
    column,
    type: "INTEGER",
    read,
    isExceptional: true,
    toSql: (count, { statusCode }) => (statusCode === 101 ? count : null),
    toJson: (count, { statusCode }) => (statusCode === 101 ? count : undefined),
  });
}

function levelOf(status: number): LogLevel {
  if (status >= 500) return "error";
  return status >= 400 ? "warn" : "info";
}

function textOrAbsent(value: string): string | undefined {
  return value === "" ? undefined : value;
}
