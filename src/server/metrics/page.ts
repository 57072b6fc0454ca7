import { CONTENT_TYPES, render } from "../../telemetry/metrics/text-format.ts";
import type { MetricRegistry } from "../../telemetry/metrics/registry.ts";
import type { Clock } from "../../time/clock.ts";
import type { Defer } from "../../time/end-of-turn.ts";
import { formatFor, takesGzip } from "./negotiation.ts";

export const METRICS_PATH = "/metrics";

/** Milliseconds of a scrape between which requests are served. */
const SLICE_MS = 2;
/** Characters that are handed on at a time. */
const CHUNK = 65_536;

export interface MetricsPageSubject {
  /** Answers undefined while metrics are turned off. */
  readonly metrics?: (() => MetricRegistry | undefined) | undefined;
  readonly clock: Clock;
  /** Calls back after the event loop has handled other pending work. */
  readonly defer?: Defer;
}

/** GET /metrics: in Prometheus' text format or in OpenMetrics, as Accept says. */
export class MetricsPage {
  readonly #subject: MetricsPageSubject;

  constructor(subject: MetricsPageSubject) {
    this.#subject = subject;
  }

  /** Whether this page answers it. */
  has(method: string, path: string): boolean {
    return path === METRICS_PATH && (method === "GET" || method === "HEAD");
  }

  /** The answer; undefined for a request of another page. */
  answer({ method, url, headers }: Request): Response | undefined {
    if (new URL(url).pathname !== METRICS_PATH) return undefined;
    if (!this.has(method, METRICS_PATH)) {
      const allow = { allow: "GET, HEAD" };
      return new Response("/metrics takes GET and HEAD\n", { status: 405, headers: allow });
    }
    const registry = this.#subject.metrics?.();
    if (registry === undefined) {
      return new Response("metrics are turned off (`metrics: { enabled: false }`)\n", {
        status: 404,
      });
    }
    const format = formatFor(headers.get("accept"));
    const isGzip = takesGzip(headers.get("accept-encoding"));
    const fields = {
      "content-type": CONTENT_TYPES[format],
      "cache-control": "no-store",
      vary: "accept, accept-encoding",
      ...(isGzip && { "content-encoding": "gzip" }),
    };
    if (method === "HEAD") return new Response(null, { headers: fields });
    const text = this.#stream(render(registry, format));
    const body = isGzip ? text.pipeThrough(new CompressionStream("gzip")) : text;
    return new Response(body, { headers: fields });
  }

  /** Made while it is read, in slices. */
  #stream(pieces: Generator<string>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { clock, defer = setImmediate } = this.#subject;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        let text = "";
        let end = clock.monotonic() + SLICE_MS;
        while (text.length < CHUNK) {
          const piece = pieces.next();
          if (piece.done === true) {
            if (text !== "") controller.enqueue(Buffer.from(text));
            controller.close();
            return;
          }
          text += piece.value;
          if (clock.monotonic() < end) continue;
          await new Promise<void>(defer);
          end = clock.monotonic() + SLICE_MS;
        }
        controller.enqueue(Buffer.from(text));
        // The next piece is asked for at once: other work goes first.
        await new Promise<void>(defer);
      },
    });
  }
}
