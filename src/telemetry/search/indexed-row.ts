import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";
import type { IndexedRow } from "./block-builder.ts";

/** A row as SQLite has it. */
export type StoredRow = Readonly<Record<string, unknown>> & { readonly id: number };

/** The columns that the index is made from. */
export const INDEXED_COLUMNS: readonly string[] = [
  fields.timestamp,
  fields.statusCode,
  fields.latencyMs,
  fields.method,
  fields.host,
  fields.path,
  fields.route,
  fields.backend,
  fields.upstream,
  fields.clientIp,
  fields.subject,
  fields.provider,
  fields.requestId,
  fields.traceId,
  fields.errorCode,
  fields.refusedBy,
  fields.configuration,
  fields.model,
].map(({ column }) => column);

/** What the index takes from a record that has just been written. */
export const rowOfRecord = (record: ExchangeRecord): IndexedRow => ({
  time: Math.floor(record.timestamp),
  status: record.statusCode,
  latency: Math.round(record.latencyMs * 1000) / 1000,
  method: record.method,
  host: record.host,
  path: record.path,
  route: record.route,
  backend: record.backend,
  upstream: record.upstream,
  client_ip: record.clientIp,
  subject: record.subject,
  provider: record.provider,
  request_id: record.requestId,
  trace_id: record.traceId,
  error_code: record.errorCode,
  refused_by: record.refusedBy,
  configuration: record.configuration,
  model: record.model,
});

/** The same from a row that was read. */
export const rowOfStored = (row: StoredRow): IndexedRow => ({
  time: Date.parse(textOf(row["timestamp"])),
  status: row["status_code"],
  latency: row["latency_ms"],
  method: textOf(row["method"]),
  host: textOf(row["host"]),
  path: textOf(row["path"]),
  route: textOf(row["route"]),
  backend: textOf(row["backend"]),
  upstream: textOf(row["upstream"]),
  client_ip: textOf(row["client_ip"]),
  subject: textOf(row["subject"]),
  provider: textOf(row["provider"]),
  request_id: textOf(row["request_id"]),
  trace_id: textOf(row["trace_id"]),
  error_code: textOf(row["error_code"]),
  refused_by: textOf(row["refused_by"]),
  configuration: textOf(row["configuration"]),
  model: textOf(row["model"]),
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
