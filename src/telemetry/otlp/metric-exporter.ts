import type { MetricRegistry } from "../metrics/registry.ts";
import { runInSlices } from "../../time/slices.ts";
import type { OtlpServices } from "./exporter.ts";
import { metricsIn } from "./metric-json.ts";
import { post } from "./post.ts";
import { endpointOf, type OtlpConfig } from "./schema.ts";
import { METRICS } from "./signals.ts";

/** Where and how often metrics are sent. */
export interface MetricExport extends OtlpConfig {
  /** Milliseconds. */
  readonly interval: number;
}

/** Milliseconds for which making a message blocks the event loop at a time. */
const SLICE_MS = 2;

/**
 * Sends all metrics now and then. They are sums since the start, so a message that fails is not repeated:
 * the next one says more.
 */
export class MetricExporter {
  readonly #services: OtlpServices;
  readonly #registry: () => MetricRegistry | undefined;
  readonly #start: number;
  #settings: MetricExport | undefined;
  #cancel: (() => void) | undefined;
  #sending: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #isAway = false;

  /** `registry` returns undefined while there is nothing to send. */
  constructor(registry: () => MetricRegistry | undefined, services: OtlpServices) {
    this.#registry = registry;
    this.#services = services;
    this.#start = services.clock.wall();
  }

  /** Without settings nothing is sent. */
  change(settings: MetricExport | undefined): void {
    this.#settings = settings;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#plan();
  }

  /** Sends what there is, once more. Resolves after at most `deadlineMs` milliseconds; never rejects. */
  async close(deadlineMs: number): Promise<void> {
    this.#cancel?.();
    const settings = this.#settings;
    this.#settings = undefined;
    if (settings === undefined) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#services.clock.schedule(deadlineMs, resolve);
    const last = this.#sending ?? this.#send(settings);
    await Promise.race([last, late]);
    cancel();
    this.#abort?.abort();
  }

  #plan(): void {
    const settings = this.#settings;
    if (settings === undefined || this.#cancel !== undefined) return;
    this.#cancel = this.#services.clock.schedule(settings.interval, () => {
      this.#cancel = undefined;
      // One that is slow is not asked twice at a time.
      this.#sending ??= this.#send(settings).finally(() => {
        this.#sending = undefined;
      });
      this.#plan();
    });
  }

  async #send(settings: MetricExport): Promise<void> {
    const registry = this.#registry();
    if (registry === undefined) return;
    const { clock, fetch } = this.#services;
    const times = { start: this.#start, now: clock.wall() };
    const slicing = { clock, defer: setImmediate, slice: SLICE_MS };
    const metrics = await runInSlices(collected(metricsIn(registry, times)), slicing);
    const content = METRICS.message(metrics, { ...this.#services, ...settings });
    const { headers, timeout } = settings;
    const url = endpointOf(settings.otlp, METRICS.path);
    const abort = new AbortController();
    this.#abort = abort;
    const rejectedKey = METRICS.rejected;
    const outcome = await post(
      { url, headers, content, timeout, rejectedKey, abort },
      fetch,
      clock,
    );
    this.#note(url, outcome.kind === "accepted" && outcome.rejected === 0 ? "" : outcome.reason);
  }

  /** Says once that metrics are not accepted, and once that they are again. */
  #note(url: string, reason: string): void {
    const isAway = reason !== "";
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    const { report } = this.#services;
    if (isAway) report("warn", `metrics cannot be sent to ${url}: ${reason}`);
    else report("info", `metrics are accepted again by ${url}`);
  }
}

function* collected(texts: Iterable<string>): Generator<undefined, string[]> {
  const all: string[] = [];
  for (const text of texts) {
    if (text !== "") all.push(text);
    yield undefined;
  }
  return all;
}
