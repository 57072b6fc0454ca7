import {
  counter,
  type Family,
  gauge,
  info,
  labelText,
  type Sample,
} from "../../telemetry/metrics/family.ts";
import { type MetricSource, single, sourceOf } from "../../telemetry/metrics/registry.ts";
import type { SinkCounts } from "../../telemetry/sinks/counts.ts";

export interface TrafficSubject {
  readonly version: string;
  /** Exchanges whose answer has not ended yet. */
  readonly inFlight: () => number;
  readonly rows: () => SinkCounts;
  readonly lines: () => SinkCounts;
  /** Rows that are sent elsewhere, too. */
  readonly exported: () => SinkCounts;
  /** Of traces. */
  readonly spans: () => SinkCounts;
  /** Bytes of the access log's files. */
  readonly logBytes: () => number;
}

/** What there is one of: requests in flight, the access log, the lines, the build. */
export function trafficSources(subject: TrafficSubject): MetricSource[] {
  const build = info("gateway_build_info", "The version that runs.", "version", "runtime");
  const exported = counter(
    "gateway_export_rows_total",
    "Rows that the receiver has accepted, or that were lost (`logging.export`).",
    "outcome",
  );
  const spans = counter(
    "gateway_trace_spans_total",
    "Spans that the receiver has accepted, or that were lost (`tracing`).",
    "outcome",
  );
  return [
    single(
      gauge("gateway_requests_in_flight", "Requests whose answer has not ended yet."),
      subject.inFlight,
    ),
    single(
      counter("gateway_access_log_rows_written_total", "Rows written to the access log."),
      () => subject.rows().written,
    ),
    single(
      counter("gateway_access_log_rows_dropped_total", "Rows that the access log has lost."),
      () => subject.rows().dropped,
    ),
    single(
      gauge("gateway_access_log_rows_queued", "Rows that wait to be written."),
      () => subject.rows().queued,
    ),
    single(
      gauge("gateway_access_log_file_bytes", "Size of the access log's file, WAL included."),
      subject.logBytes,
    ),
    single(
      counter("gateway_log_lines_written_total", "Lines written to standard output."),
      () => subject.lines().written,
    ),
    single(
      counter(
        "gateway_log_lines_dropped_total",
        "Lines lost because standard output was not read fast enough.",
      ),
      () => subject.lines().dropped,
    ),
    sourceOf(exported, () => exports(exported, subject.exported())),
    single(
      gauge("gateway_export_rows_queued", "Rows that wait to be exported (`logging.export`)."),
      () => subject.exported().queued,
    ),
    sourceOf(spans, () => exports(spans, subject.spans())),
    single(
      gauge("gateway_trace_spans_queued", "Spans that wait to be exported (`tracing`)."),
      () => subject.spans().queued,
    ),
    sourceOf(build, () => [
      { labels: labelText(build, [subject.version, `bun ${Bun.version}`]), value: 1 },
    ]),
  ];
}

function exports(family: Family, { written, dropped }: SinkCounts): Sample[] {
  return Object.entries({ exported: written, dropped }).map(([outcome, value]) => ({
    labels: labelText(family, [outcome]),
    value,
  }));
}
