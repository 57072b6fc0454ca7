import { fields } from "../../src/telemetry/fields.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";

/** The record of a small GET that was answered at once, with nothing that only some exchanges have. */
export function exchangeRecord(changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return { ...EMPTY, ...ORDINARY, ...changes };
}

const EMPTY = Object.fromEntries(
  Object.entries(fields).map(([name, { kind }]) => [name, kind === "text" ? "" : 0]),
) as unknown as ExchangeRecord;

const ORDINARY = {
  level: "info",
  method: "GET",
  path: "/",
  protocol: "HTTP/1.1",
  statusCode: 200,
  clientIp: "127.0.0.1",
  route: "/*",
  attempts: 1,
  grpcStatus: -1,
  tokensIn: -1,
  tokensOut: -1,
  isLogged: true,
} as const satisfies Partial<ExchangeRecord>;
