import { resourceJson, scopeJson, type Sender } from "./values.ts";

/** One kind of data that OTLP carries. */
export interface Signal {
  /** What it is called towards operators, in plural: "spans". */
  readonly noun: string;
  /** What is added to a receiver's URL. */
  readonly path: string;
  /** The key of an answer's partial success under which the receiver counts what it has refused. */
  readonly rejected: string;
  /** A message with these items, each of them JSON. */
  message(items: readonly string[], sender: Sender): string;
}

export const SPANS: Signal = {
  noun: "spans",
  path: "/v1/traces",
  rejected: "rejectedSpans",
  message: (items, sender) =>
    `{"resourceSpans":[{"resource":${resourceJson(sender)},"scopeSpans":[{"scope":${scopeJson(sender)},"spans":[${items.join(",")}]}]}]}`,
};

export const LOGS: Signal = {
  noun: "log records",
  path: "/v1/logs",
  rejected: "rejectedLogRecords",
  message: (items, sender) =>
    `{"resourceLogs":[{"resource":${resourceJson(sender)},"scopeLogs":[{"scope":${scopeJson(sender)},"logRecords":[${items.join(",")}]}]}]}`,
};

export const METRICS: Signal = {
  noun: "metrics",
  path: "/v1/metrics",
  rejected: "rejectedDataPoints",
  message: (items, sender) =>
    `{"resourceMetrics":[{"resource":${resourceJson(sender)},"scopeMetrics":[{"scope":${scopeJson(sender)},"metrics":[${items.join(",")}]}]}]}`,
};
