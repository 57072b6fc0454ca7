import { Type } from "@sinclair/typebox";
import { OtlpExporter } from "../otlp/exporter.ts";
import { logRecordOf } from "../otlp/log-record.ts";
import { checkOtlp, type OtlpConfig, otlpKeys } from "../otlp/schema.ts";
import { LOGS } from "../otlp/signals.ts";
import type { ExchangeRecord } from "../record.ts";
import { defineSink, type Sink, type SinkServices } from "./sink.ts";

/** Rows go to a receiver of OTLP as well. */
export const exported = defineSink({
  name: "export",
  schema: Type.Object(otlpKeys(LOGS.path), {
    additionalProperties: false,
    description:
      "Where rows of the access log are sent as well, in batches, as log records of OTLP over HTTP. While the receiver is away they wait in memory, up to a bound; rows in `database` are not affected.",
    expected: "{ otlp }, with the URL of a receiver, like { otlp: http://127.0.0.1:4318 }",
  }),
  example: () => ({
    otlp: "http://127.0.0.1:4318",
    service: "gateway",
    headers: {},
    timeout: "1s",
  }),
  check: checkOtlp,
  open: (settings, services) => new ExportedRows(settings, services),
});

class ExportedRows implements Sink {
  readonly #exporter: OtlpExporter;

  constructor(settings: OtlpConfig, { logger, clock, otlp }: SinkServices) {
    const report = (level: "info" | "warn" | "error" | "debug", message: string) =>
      logger.log(level, `logging.export: ${message}`);
    this.#exporter = new OtlpExporter(LOGS, settings, { ...otlp, clock, report });
  }

  write(record: ExchangeRecord): void {
    if (record.isLogged) this.#exporter.add(logRecordOf(record), 1);
  }

  counts() {
    return this.#exporter.counts();
  }

  close(deadlineMs: number): Promise<void> {
    return this.#exporter.close(deadlineMs);
  }
}
