import type { Config } from "../../config/schema.ts";
import { withoutUserInfo } from "../../http/user-info.ts";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";
import { ExchangeMetrics } from "../../telemetry/metrics/exchange-metrics.ts";
import { exchangeSource } from "../../telemetry/metrics/exchange-source.ts";
import { MetricRegistry, type MetricSource } from "../../telemetry/metrics/registry.ts";
import type { Meter, Telemetry } from "../../telemetry/telemetry.ts";
import type { Clock } from "../../time/clock.ts";
import { EventLoopLag } from "../metrics/event-loop-lag.ts";

type Settings = Config["metrics"];

const FORGET_EVERY_MS = 60_000;

export interface MetricsServices {
  readonly clock: Clock;
  readonly telemetry: Pick<Telemetry, "meter">;
  readonly snapshot: () => Snapshot;
  /** Of the other parts. */
  readonly sources: readonly MetricSource[];
}

/** What the gateway counts and measures of itself. Nothing is counted while it is turned off. */
export class Metrics {
  readonly #services: MetricsServices;
  readonly #registry: MetricRegistry;
  readonly #lag: EventLoopLag;
  #settings: Settings;
  #exchanges: ExchangeMetrics | undefined;
  #isRunning = false;
  /** Unix epoch milliseconds. */
  #forgetAt = 0;

  constructor(settings: Settings, services: MetricsServices) {
    this.#settings = settings;
    this.#services = services;
    this.#lag = new EventLoopLag(services.clock);
    this.#registry = new MetricRegistry([
      exchangeSource(() => this.#exchanges),
      ...services.sources,
      this.#lag,
    ]);
  }

  /** What there is to show; undefined while it is turned off. */
  get registry(): MetricRegistry | undefined {
    if (!this.#settings.enabled) return undefined;
    this.#forgetBackends();
    return this.#registry;
  }

  /** Everything that there may be to show. */
  get families(): MetricRegistry["families"] {
    return this.#registry.families;
  }

  start(): void {
    this.#isRunning = true;
    this.#apply();
  }

  /** Applies other settings, for the routes that there are from now on. */
  change(settings: Settings, routes: Iterable<{ readonly id: string }>): void {
    this.#settings = settings;
    this.#apply();
    if (this.#exchanges === undefined) return;
    const ids = new Set<string>();
    for (const { id } of routes) ids.add(id);
    this.#exchanges.keep(ids);
  }

  stop(): void {
    this.#isRunning = false;
    this.#lag.stop();
  }

  /** Now and then, those that discovery does not find any more. */
  #forgetBackends(): void {
    const { clock, snapshot } = this.#services;
    const now = clock.wall();
    if (this.#exchanges === undefined || now < this.#forgetAt) return;
    this.#forgetAt = now + FORGET_EVERY_MS;
    const there = new Set<string>();
    for (const { upstreams } of snapshot().routes) {
      for (const { backends } of upstreams) {
        for (const { url } of backends) there.add(withoutUserInfo(url));
      }
    }
    this.#exchanges.keepBackends((url) => there.has(url), now);
  }

  #apply(): void {
    const { telemetry } = this.#services;
    if (!this.#settings.enabled || !this.#isRunning) {
      // Counters begin again at 0 when it is turned on again, as after a restart.
      this.#exchanges = undefined;
      this.#lag.stop();
    } else {
      this.#exchanges ??= new ExchangeMetrics();
      this.#lag.start();
    }
    const meter: Meter | undefined = this.#exchanges;
    telemetry.meter = meter;
  }
}
