import type { Clock } from "../../time/clock.ts";
import type { ExchangeRecord } from "../record.ts";
import { rowOf } from "./row.ts";
import { Second } from "./second.ts";
import { type RecordTest, Subscriber } from "./subscriber.ts";

export interface LiveOptions {
  readonly clock: Clock;
  /** Exchanges in flight. */
  readonly inFlight: () => number;
  /** The state of the backends, as JSON; asked for every half second while somebody watches. */
  readonly backends?: () => string;
}

/** What is wanted of a subscription. */
export interface Subscription {
  /** Which rows; undefined for none. */
  readonly wants?: RecordTest | undefined;
  /** So many of the last seconds are sent first, as far as they are known; at most 600. */
  readonly history?: number | undefined;
  /** Asked once a second; the stream ends when it answers false. */
  readonly mayWatch?: (() => boolean) | undefined;
}

const MOST_SUBSCRIBERS = 64;
/** Seconds that are kept, and the most characters that they may have together. */
const MOST_SECONDS = 600;
const MOST_KEPT = 4 * 1_048_576;
/** Characters of what is sent first. */
const MOST_PAST = 262_144;
const SECOND_MS = 1_000;
/** How often rows are sent, in milliseconds, and how many to one subscriber each time. */
const ROWS_EVERY_MS = 250;
const MOST_ROWS = 25;
const BACKENDS_EVERY_MS = 500;
const HEARTBEAT_MS = 15_000;
/** After the last subscriber has left, seconds are counted on for so long: pages are reloaded. */
const LINGER_MS = 60_000;

/** Milliseconds after which a browser whose stream has ended connects again. */
const RETRY_MS = 2_000;

/**
 * What is happening, for those who watch: sums of each second, and rows. While nobody does, a record
 * costs nothing but a counter.
 */
export class Live {
  readonly #options: LiveOptions;
  readonly #subscribers = new Set<Subscriber>();
  readonly #second = new Second();
  /** The last seconds, as events. */
  readonly #kept: string[] = [];
  #keptLength = 0;
  #isCounting = false;
  #areRowsWanted = false;
  #isClosed = false;
  #total = 0;
  #cancels: (() => void)[] = [];
  #lastTold = 0;
  #emptySince: number | undefined;
  #backends = "";

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Records so far. */
  get total(): number {
    return this.#total;
  }

  /** How many watch. */
  get watching(): number {
    return this.#subscribers.size;
  }

  /** Takes the record of an exchange that is over. */
  add(record: ExchangeRecord): void {
    this.#total += 1;
    if (!this.#isCounting) return;
    this.#second.add(record);
    if (this.#areRowsWanted) this.#offer(record);
  }

  /** A stream of server-sent events; undefined if there are too many, or the gateway stops. */
  subscribe({ wants, history = 0, mayWatch }: Subscription = {}):
    | ReadableStream<Uint8Array>
    | undefined {
    if (this.#isClosed || this.#subscribers.size >= MOST_SUBSCRIBERS) return undefined;
    const subscriber = new Subscriber({ wants, mayWatch }, (ended) => this.#left(ended));
    this.#subscribers.add(subscriber);
    this.#areRowsWanted ||= wants !== undefined;
    this.#emptySince = undefined;
    if (!this.#isCounting) this.#begin();
    subscriber.send(`retry: ${RETRY_MS}\n\n${this.#past(history)}`);
    return subscriber.stream;
  }

  /** Sends an event to everybody who watches. `data` must be JSON, or becomes it. */
  announce(event: string, data: unknown): void {
    if (this.#subscribers.size === 0) return;
    const text = eventText(event, JSON.stringify(data));
    for (const subscriber of this.#subscribers) subscriber.send(text);
  }

  /** Ends all streams, so that a stop does not wait for them. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
    for (const subscriber of this.#subscribers) subscriber.end();
  }

  #begin(): void {
    this.#isCounting = true;
    // What was kept has a gap before now.
    this.#kept.length = 0;
    this.#keptLength = 0;
    this.#second.take();
    this.#lastTold = this.#options.clock.monotonic();
    this.#every(SECOND_MS, () => this.#tellSecond());
    this.#every(ROWS_EVERY_MS, () => this.#tellRows());
    this.#backends = this.#options.backends?.() ?? "";
    this.#every(BACKENDS_EVERY_MS, () => this.#tellBackends());
    this.#every(HEARTBEAT_MS, () => {
      for (const subscriber of this.#subscribers) subscriber.send(": still here\n\n");
    });
  }

  #stop(): void {
    this.#isCounting = false;
    for (const cancel of this.#cancels.splice(0)) cancel();
  }

  #every(milliseconds: number, act: () => void): void {
    const { clock } = this.#options;
    const at = this.#cancels.length;
    const again = (): void => {
      this.#cancels[at] = clock.schedule(milliseconds, () => {
        again();
        act();
      });
    };
    again();
  }

  #left(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    this.#areRowsWanted = [...this.#subscribers].some(({ wants }) => wants !== undefined);
    if (this.#subscribers.size === 0) this.#emptySince = this.#options.clock.monotonic();
  }

  #tellSecond(): void {
    const { clock, inFlight } = this.#options;
    const now = clock.monotonic();
    if (this.#emptySince !== undefined && now - this.#emptySince >= LINGER_MS) {
      this.#stop();
      return;
    }
    // A blocked event loop makes seconds longer; rates must not jump for that.
    const seconds = Math.round((now - this.#lastTold) / 100) / 10;
    this.#lastTold = now;
    const { routes, ...sums } = this.#second.take();
    const told = {
      at: new Date(clock.wall()).toISOString(),
      seconds,
      ...sums,
      in_flight: inFlight(),
      routes,
    };
    const text = eventText("second", JSON.stringify(told));
    this.#keep(text);
    for (const subscriber of this.#subscribers) {
      if (subscriber.mayWatch()) subscriber.send(text);
      else subscriber.end();
    }
  }

  #keep(text: string): void {
    this.#kept.push(text);
    this.#keptLength += text.length;
    while (this.#kept.length > MOST_SECONDS || this.#keptLength > MOST_KEPT) {
      this.#keptLength -= this.#kept.shift()?.length ?? 0;
    }
  }

  /** The last seconds, as far as they are known and one piece may be long. */
  #past(seconds: number): string {
    let from = this.#kept.length;
    let length = 0;
    while (from > 0 && this.#kept.length - from < seconds) {
      length += this.#kept[from - 1]?.length ?? 0;
      if (length > MOST_PAST) break;
      from -= 1;
    }
    return this.#kept.slice(from).join("");
  }

  #offer(record: ExchangeRecord): void {
    let row: string | undefined;
    for (const subscriber of this.#subscribers) {
      if (subscriber.wants?.(record) !== true) continue;
      if (subscriber.pending.length >= MOST_ROWS) subscriber.skipped += 1;
      else subscriber.pending.push((row ??= JSON.stringify(rowOf(record))));
    }
  }

  #tellBackends(): void {
    const told = this.#options.backends?.() ?? "";
    if (told === this.#backends) return;
    this.#backends = told;
    const text = eventText("backends", told);
    for (const subscriber of this.#subscribers) subscriber.send(text);
  }

  #tellRows(): void {
    for (const subscriber of this.#subscribers) {
      const { pending, skipped } = subscriber;
      if (pending.length === 0) continue;
      const text = `{"rows":[${pending.splice(0).join(",")}],"skipped":${skipped}}`;
      subscriber.skipped = 0;
      subscriber.send(eventText("rows", text));
    }
  }
}

/** JSON has no line ends. */
function eventText(event: string, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`;
}
