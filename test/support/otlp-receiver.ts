import { channel } from "node:diagnostics_channel";
import { MockOtlpServer } from "@elastic/mockotlpserver";
import { eventually } from "./eventually.ts";
import type { Stage } from "./stage.ts";

type Attributes = readonly { key: string; value: { stringValue?: string; intValue?: string } }[];

/** A span as OTLP's JSON has it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Attributes;
  readonly status?: { readonly code: number; readonly message?: string };
}

/** A log record as OTLP's JSON has it. */
export interface ReceivedLog {
  readonly timeUnixNano: string;
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: Attributes;
  readonly traceId?: string;
  readonly spanId?: string;
}

interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes };
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

interface Logs {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly { readonly logRecords: readonly ReceivedLog[] }[];
  }[];
}

interface Metrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

/** The server tells of what it gets by channels that would otherwise be collected, with who listens. */
const CHANNELS = ["otlp.v1.trace", "otlp.v1.logs", "otlp.v1.metrics", "otlp.v1.request"].map(
  (name) => channel(name),
);

/** A receiver of OTLP that others wrote, on a free port of the loopback interface. */
export async function startOtlpReceiver(stage: Stage) {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const metrics: string[] = [];
  const resources: Attributes[] = [];
  const server = new MockOtlpServer({
    services: ["http"],
    httpHostname: "127.0.0.1",
    httpPort: 0,
    logLevel: "fatal",
    onTrace: ({ resourceSpans }: Traces) => {
      for (const { resource, scopeSpans } of resourceSpans) {
        resources.push(resource.attributes);
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
    },
    onMetrics: ({ resourceMetrics }: Metrics) => {
      for (const { scopeMetrics } of resourceMetrics) {
        for (const scope of scopeMetrics) metrics.push(...scope.metrics.map(({ name }) => name));
      }
    },
    onLogs: ({ resourceLogs }: Logs) => {
      for (const { scopeLogs } of resourceLogs) {
        for (const { logRecords } of scopeLogs) logs.push(...logRecords);
      }
    },
  });
  await server.start();
  stage.defer(() => server.close());
  return {
    url: server.httpUrl.origin,
    /** Held as long as the receiver. */
    channels: CHANNELS,
    spans,
    logs,
    /** The names of metrics. */
    metrics,
    resources,
    /** The spans, as soon as there are that many. */
    async waitForSpans(count: number): Promise<ReceivedSpan[]> {
      await eventually(() => spans.length >= count);
      return spans;
    },
    async waitForLogs(count: number): Promise<ReceivedLog[]> {
      await eventually(() => logs.length >= count);
      return logs;
    },
  };
}

/** Attributes by their keys. */
export function attributesOf({ attributes }: { readonly attributes: Attributes }) {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}
