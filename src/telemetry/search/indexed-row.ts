import { fields } from "../fields.ts";
import type { ExchangeRecord } from "../record.ts";

/** What the index takes from a record, or from a row that another program may have written. */
export type IndexedRow = Pick<
  ExchangeRecord,
  | "timestamp"
  | "method"
  | "host"
  | "path"
  | "route"
  | "backend"
  | "upstream"
  | "clientIp"
  | "subject"
  | "provider"
  | "requestId"
  | "traceId"
  | "refusedBy"
  | "configuration"
  | "model"
> & {
  readonly statusCode: unknown;
  readonly latencyMs: unknown;
  readonly errorCode: string;
};

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

/** A row that was read, as records have it. */
export const rowOfStored = (row: StoredRow): IndexedRow => ({
  timestamp: Date.parse(textOf(row["timestamp"])),
  statusCode: row["status_code"],
  latencyMs: row["latency_ms"],
  method: textOf(row["method"]),
  host: textOf(row["host"]),
  path: textOf(row["path"]),
  route: textOf(row["route"]),
  backend: textOf(row["backend"]),
  upstream: textOf(row["upstream"]),
  clientIp: textOf(row["client_ip"]),
  subject: textOf(row["subject"]),
  provider: textOf(row["provider"]),
  requestId: textOf(row["request_id"]),
  traceId: textOf(row["trace_id"]),
  errorCode: textOf(row["error_code"]),
  refusedBy: textOf(row["refused_by"]),
  configuration: textOf(row["configuration"]),
  model: textOf(row["model"]),
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
