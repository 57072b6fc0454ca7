import type { KeptFields } from "../../pipeline/decisions/decisions.ts";
import { type KeptContent, readKeptContent } from "../../pipeline/kept-content.ts";
import { unescaped } from "../../units/printable.ts";

/** A row of table `logs` by its columns. */
export type LogRow = Readonly<Record<string, string | number | null>>;

/** A request of the past and its answer, as far as a row tells them. Texts are empty where it does not. */
export interface LoggedExchange {
  readonly id: number;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** Empty, or with its "?". */
  readonly query: string;
  readonly host: string;
  /** The client's address. */
  readonly client: string;
  /** Whether the client spoke TLS with the gateway. */
  readonly isEncrypted: boolean;
  readonly userAgent: string;
  readonly route: string;
  readonly upstream: string;
  readonly backend: string;
  /** Undefined if they were not kept. */
  readonly fields: KeptFields | undefined;
  readonly content: KeptContent | undefined;
  /** Bytes of the request's content. */
  readonly bytesIn: number;
  readonly status: number;
  readonly errorCode: string;
  readonly durationMs: number;
  readonly answerFields: KeptFields | undefined;
  readonly answerContent: KeptContent | undefined;
  readonly bytesOut: number;
}

export function readLoggedExchange(row: LogRow): LoggedExchange {
  const text = (column: string): string => unescaped(String(row[column] ?? ""));
  const number = (column: string): number => Number(row[column] ?? 0);
  const kept = (column: string): string | undefined => {
    const value = row[column];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    id: number("id"),
    requestId: text("request_id"),
    method: text("method"),
    path: text("path"),
    query: text("query"),
    host: text("host"),
    client: text("client_ip"),
    isEncrypted: text("tls_version") !== "",
    userAgent: text("user_agent"),
    route: text("route"),
    upstream: text("upstream"),
    backend: text("backend"),
    fields: readKeptFields(kept("request_fields")),
    content: readKeptContent(kept("request_body")),
    bytesIn: number("bytes_in"),
    status: number("status_code"),
    errorCode: text("error_code"),
    durationMs: number("latency_ms"),
    answerFields: readKeptFields(kept("response_fields")),
    answerContent: readKeptContent(kept("response_body")),
    bytesOut: number("bytes_out"),
  };
}

function readKeptFields(column: string | undefined): KeptFields | undefined {
  if (column === undefined) return undefined;
  try {
    const fields: unknown = JSON.parse(column);
    return Array.isArray(fields) && fields.every(isField) ? fields : undefined;
  } catch {
    return undefined;
  }
}

function isField(value: unknown): value is [string, string] {
  return (
    Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string")
  );
}
