import type { Exchange } from "../pipeline/exchange.ts";
import { EndOfTurn } from "../time/end-of-turn.ts";
import { DecisionKeeper } from "./decisions/keeper.ts";
import type { Note } from "./notes/note.ts";
import { type ExchangeRecord, toRecord } from "./record.ts";
import type { SinkCounts } from "./sinks/counts.ts";
import type { LoggingSettings, Sink, SinkKind, SinkServices } from "./sinks/sink.ts";

/** How long a replaced sink may take to close, in milliseconds. */
const CLOSE_REPLACED_MS = 5_000;

/** Counts exchanges. */
export interface Meter {
  /** Called once for each exchange that is over; `now` is monotonic time in milliseconds. */
  count(exchange: Exchange, now: number): void;
}

/** Makes a record of every exchange that is over and passes it to every sink. */
export class Telemetry {
  /** Gets the exchange itself: it has attempts, and a record costs more than counting does. */
  meter: Meter | undefined = undefined;
  readonly #kinds: readonly SinkKind[];
  readonly #services: SinkServices;
  /** Records wait for the end of the event-loop turn, so that answers are sent first. */
  readonly #records: EndOfTurn<ExchangeRecord>;
  readonly #decisions: DecisionKeeper;
  #settings: LoggingSettings;
  /** Each at the index of its kind; undefined for a kind that is turned off. */
  #sinks: readonly (Sink | undefined)[] = [];
  #inUse: readonly Sink[] = [];
  readonly #closing = new Set<{ readonly kind: SinkKind; readonly sink: Sink }>();
  /** Counts of replaced sinks that have closed, by kind. */
  readonly #closed = new Map<string, SinkCounts>();

  /** Opens nothing yet. Exchanges are accepted after `open`. */
  constructor(kinds: readonly SinkKind[], settings: LoggingSettings, services: SinkServices) {
    this.#kinds = kinds;
    this.#settings = settings;
    this.#services = services;
    this.#decisions = new DecisionKeeper((error) =>
      services.logger.log("error", `decisions could not be kept: ${String(error)}`),
    );
    this.#records = new EndOfTurn((record) => {
      for (const sink of this.#inUse) sink.write(record);
    }, setImmediate);
  }

  get settings(): LoggingSettings {
    return this.#settings;
  }

  open(): void {
    this.#use(this.#kinds.map((kind) => kind.open(this.#settings, this.#services)));
  }

  /** Takes an exchange that is over. */
  take(exchange: Exchange): void {
    const now = this.#services.clock.monotonic();
    this.meter?.count(exchange, now);
    this.#decisions.keep(exchange, now);
    this.#records.add(toRecord(exchange, now));
  }

  /** Takes what is kept besides exchanges. */
  note(note: Note): void {
    for (const sink of this.#inUse) sink.note?.(note);
  }

  /** Changes the settings. Earlier exchanges use the old ones. */
  change(settings: LoggingSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#records.flush();
    this.#services.logger.configure(settings);
    const sinks = this.#kinds.map((kind, at) => {
      const sink = this.#sinks[at];
      if (kind.staysFor(before, settings)) return sink;
      if (sink !== undefined) void this.#replace(kind, sink);
      return kind.open(settings, this.#services);
    });
    this.#use(sinks);
  }

  /** Counts of all sinks of a kind since the start. */
  counts(name: string): SinkCounts {
    const inUse = this.#sinks.filter((_, at) => this.#kinds[at]?.name === name);
    const closing = [...this.#closing].filter(({ kind }) => kind.name === name);
    const open = [...inUse, ...closing.map(({ sink }) => sink)];
    return [this.#closed.get(name), ...open.map((sink) => sink?.counts())].reduce(sumOf, NONE);
  }

  /** Closes every sink. Resolves after at most `deadlineMs` milliseconds; never rejects. */
  async close(deadlineMs: number): Promise<void> {
    this.#records.flush();
    const sinks = [...this.#inUse, ...[...this.#closing].map(({ sink }) => sink)];
    await Promise.all(sinks.map((sink) => sink.close(deadlineMs)));
  }

  /** Closes a sink that is no longer used, and keeps only its counts. */
  async #replace(kind: SinkKind, sink: Sink): Promise<void> {
    const closing = { kind, sink };
    this.#closing.add(closing);
    await sink.close(CLOSE_REPLACED_MS);
    this.#closing.delete(closing);
    this.#closed.set(kind.name, sumOf(this.#closed.get(kind.name) ?? NONE, sink.counts()));
  }

  #use(sinks: readonly (Sink | undefined)[]): void {
    this.#sinks = sinks;
    this.#inUse = sinks.filter((sink) => sink !== undefined);
  }
}

const NONE: SinkCounts = { written: 0, queued: 0, dropped: 0 };

function sumOf(one: SinkCounts, other: SinkCounts = NONE): SinkCounts {
  return {
    written: one.written + other.written,
    queued: one.queued + other.queued,
    dropped: one.dropped + other.dropped,
  };
}
