import type { Exchange } from "../../pipeline/exchange.ts";
import type { TraceContext } from "../../pipeline/trace.ts";
import { EndOfTurn } from "../../time/end-of-turn.ts";
import { OtlpExporter, type OtlpServices } from "../otlp/exporter.ts";
import { SPANS } from "../otlp/signals.ts";
import type { SinkCounts } from "../sinks/counts.ts";
import type { TracingSettings } from "./schema.ts";
import { SpanWriter } from "./spans.ts";

/** How long what waits may take to be sent after tracing has been turned off, in milliseconds. */
const CLOSE_REPLACED_MS = 5_000;

interface EndedExchange {
  readonly exchange: Exchange;
  readonly trace: TraceContext;
  readonly ended: number;
}

/** Sends the spans of exchanges whose traces are recorded. */
export class Tracing {
  readonly #services: OtlpServices;
  readonly #writer = new SpanWriter();
  readonly #ended: EndOfTurn<EndedExchange>;
  #exporter: OtlpExporter | undefined;
  /** Of exporters that are no longer used. */
  #before: SinkCounts = { written: 0, queued: 0, dropped: 0 };

  /** Without settings nothing is sent. */
  constructor(settings: TracingSettings | undefined, services: OtlpServices) {
    this.#services = services;
    // Answers are sent first.
    this.#ended = new EndOfTurn((ended) => this.#send(ended), setImmediate);
    this.change(settings);
  }

  /** Takes an exchange that is over. */
  take(exchange: Exchange): void {
    const { trace } = exchange;
    if (trace?.isSampled !== true || this.#exporter === undefined) return;
    this.#ended.add({ exchange, trace, ended: this.#services.clock.monotonic() });
  }

  /** Changes the settings. What waits is sent to the new receiver, or to the old one if there is none. */
  change(settings: TracingSettings | undefined): void {
    this.#ended.flush();
    if (settings === undefined) {
      void this.#retire();
    } else if (this.#exporter === undefined) {
      this.#exporter = new OtlpExporter(SPANS, settings, this.#services);
    } else this.#exporter.change(settings);
  }

  /** Counts spans. */
  counts(): SinkCounts {
    const { written, queued, dropped } = this.#before;
    const now = this.#exporter?.counts() ?? { written: 0, queued: 0, dropped: 0 };
    return {
      written: written + now.written,
      queued: queued + now.queued,
      dropped: dropped + now.dropped,
    };
  }

  /** Sends what waits. Resolves after at most `deadlineMs` milliseconds; never rejects. */
  async close(deadlineMs: number): Promise<void> {
    this.#ended.flush();
    await this.#exporter?.close(deadlineMs);
  }

  async #retire(): Promise<void> {
    const exporter = this.#exporter;
    if (exporter === undefined) return;
    this.#exporter = undefined;
    await exporter.close(CLOSE_REPLACED_MS);
    const { written, dropped } = exporter.counts();
    this.#before = {
      written: this.#before.written + written,
      queued: 0,
      dropped: this.#before.dropped + dropped,
    };
  }

  #send({ exchange, trace, ended }: EndedExchange): void {
    const { text, count } = this.#writer.spansOf(exchange, trace, ended);
    this.#exporter?.add(text, count);
  }
}
