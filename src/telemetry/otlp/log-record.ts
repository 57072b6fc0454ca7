import type { LogLevel } from "../../units/log-level.ts";
import type { JsonValue } from "../field.ts";
import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";
import { jsonText, nanoseconds, numberAttribute, textAttribute } from "./values.ts";

/** The attributes that have names in OpenTelemetry's semantic conventions, by column. */
const CONVENTIONAL: Readonly<Record<string, string>> = {
  method: "http.request.method",
  path: "url.path",
  status_code: "http.response.status_code",
  client_ip: "client.address",
  user_agent: "user_agent.original",
  route: "http.route",
  bytes_in: "http.request.body.size",
  bytes_out: "http.response.body.size",
  error_code: "error.type",
  server_name: "tls.client.server_name",
  model: "gen_ai.response.model",
  tokens_in: "gen_ai.usage.input_tokens",
  tokens_out: "gen_ai.usage.output_tokens",
};

/** What has a place of its own in a record. */
const ELSEWHERE: ReadonlySet<string> = new Set(["trace_id"]);

const ATTRIBUTES = Object.entries(fields).flatMap(([name, field]) => {
  const { column, toJson } = field;
  return toJson === undefined || ELSEWHERE.has(column)
    ? []
    : [
        {
          name: name as keyof typeof fields,
          key: CONVENTIONAL[column] ?? `gateway.${column}`,
          toJson: toJson as (value: string | number, record: ExchangeRecord) => JsonValue,
        },
      ];
});

const SEVERITIES: Readonly<Record<LogLevel, number>> = { debug: 5, info: 9, warn: 13, error: 17 };

/**
 * The row of an exchange as a log record of OTLP, as JSON. It has the fields that a JSON line has; names
 * that no convention has begin with `gateway.`.
 */
export function logRecordOf(record: ExchangeRecord): string {
  const { level, timestamp, latencyMs, traceId, spanId = "", method, path, statusCode } = record;
  let attributes = "";
  for (const { name, key, toJson } of ATTRIBUTES) {
    const value = toJson(record[name], record);
    if (value === undefined || value === "") continue;
    attributes += (attributes === "" ? "" : ",") + attribute(key, value);
  }
  if (record.message !== "") attributes += `,${textAttribute("gateway.error", record.message)}`;
  const trace = traceId === "" ? "" : `,"traceId":"${traceId}","spanId":"${spanId}"`;
  const body = jsonText(`${method} ${path} - ${statusCode}`);
  return `{"timeUnixNano":"${nanoseconds(timestamp)}","observedTimeUnixNano":"${nanoseconds(timestamp + latencyMs)}","severityNumber":${SEVERITIES[level]},"severityText":"${level.toUpperCase()}","body":{"stringValue":${body}},"attributes":[${attributes}]${trace}}`;
}

function attribute(key: string, value: string | number): string {
  if (typeof value === "string") return textAttribute(key, value);
  if (Number.isInteger(value)) return numberAttribute(key, value);
  return `{"key":"${key}","value":{"doubleValue":${value}}}`;
}
