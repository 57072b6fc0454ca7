import type { Exchange } from "../pipeline/exchange.ts";
import { EndOfTurn } from "../time/end-of-turn.ts";
import { type ExchangeRecord, toRecord } from "./record.ts";
import type { SinkCounts } from "./sinks/counts.ts";
import type { LoggingSettings, Sink, SinkKind, SinkServices } from "./sinks/sink.ts";

/** How long a sink that is no longer used may take to be written out. */
const CLOSE_REPLACED_MS = 5_000;

/** Makes a record of every exchange that is over, and hands it to every sink. */
export class Telemetry {
  readonly #kinds: readonly SinkKind[];
  readonly #services: SinkServices;
  /** Records wait for the end of the turn, so that answers leave first. */
  readonly #records: EndOfTurn<ExchangeRecord>;
  #settings: LoggingSettings;
  /** The sinks in use, each at the place of its kind. */
  #sinks: Sink[] = [];
  readonly #replaced: { readonly kind: SinkKind; readonly sink: Sink }[] = [];

  /** Opens nothing yet; exchanges may come from `open` on. */
  constructor(kinds: readonly SinkKind[], settings: LoggingSettings, services: SinkServices) {
    this.#kinds = kinds;
    this.#settings = settings;
    this.#services = services;
    this.#records = new EndOfTurn((record) => {
      for (const sink of this.#sinks) sink.write(record);
    }, setImmediate);
  }

  open(): void {
    this.#sinks = this.#kinds.map((kind) => kind.open(this.#settings, this.#services));
  }

  /** Takes an exchange that is over. */
  take(exchange: Exchange): void {
    this.#records.add(toRecord(exchange, this.#services.clock.monotonic()));
  }

  /** Puts other settings in force. What has been taken before goes by the old ones. */
  change(settings: LoggingSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#records.flush();
    this.#services.logger.configure(settings);
    this.#sinks = this.#sinks.map((sink, at) => {
      const kind = this.#kinds[at];
      if (kind === undefined || kind.staysFor(before, settings)) return sink;
      this.#replaced.push({ kind, sink });
      void sink.close(CLOSE_REPLACED_MS);
      return kind.open(settings, this.#services);
    });
  }

  /** What the sinks of a kind have done since the start. */
  counts(name: string): SinkCounts {
    const inUse = this.#sinks.filter((_, at) => this.#kinds[at]?.name === name);
    const replaced = this.#replaced.filter(({ kind }) => kind.name === name);
    const all = [...inUse, ...replaced.map(({ sink }) => sink)].map((sink) => sink.counts());
    const sum = (one: keyof SinkCounts) => all.reduce((total, counts) => total + counts[one], 0);
    return { written: sum("written"), queued: sum("queued"), dropped: sum("dropped") };
  }

  /** Closes every sink. Resolves after `deadlineMs` milliseconds at the latest; never rejects. */
  async close(deadlineMs: number): Promise<void> {
    this.#records.flush();
    const sinks = [...this.#sinks, ...this.#replaced.map(({ sink }) => sink)];
    await Promise.all(sinks.map((sink) => sink.close(deadlineMs)));
  }
}
