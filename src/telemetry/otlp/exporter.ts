import type { Fetch } from "../../http/fetch.ts";
import type { Clock } from "../../time/clock.ts";
import type { LogLevel } from "../../units/log-level.ts";
import type { SinkCounts } from "../sinks/counts.ts";
import { Losses } from "../losses.ts";
import { post, type PostOutcome } from "./post.ts";
import { type Batch, OtlpQueue } from "./queue.ts";
import { endpointOf, type OtlpConfig } from "./schema.ts";
import type { Signal } from "./signals.ts";

/** Items of one message, or a few more if one text has several. */
const BATCH_ITEMS = 512;
/** Milliseconds that an item waits for others. */
const INTERVAL_MS = 2_000;
/** Memory for what waits: some 10,000 spans. */
const MOST_BYTES = 8 * 2 ** 20;
/** The pause before the first repetition; each further one is twice as long, up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A receiver may ask for a longer pause than that, but not for any. */
const LONGEST_ASKED_MS = 5 * 60_000;
/** At least this long between two reports of lost items. */
const REPORT_INTERVAL_MS = 60_000;

/** What exporters depend on. */
export interface OtlpServices {
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
  readonly fetch: Fetch;
  readonly report: (level: LogLevel, message: string) => void;
  readonly version: string;
  /** Distinguishes this process from others of the same service. */
  readonly instance: string;
}

/**
 * Sends items of one signal to a receiver of OTLP over HTTP, in batches and one message at a time. What
 * the receiver cannot take yet waits in memory; what has no room there is dropped and counted. Nothing
 * that adds an item waits or fails.
 */
export class OtlpExporter {
  readonly #signal: Signal;
  readonly #services: OtlpServices;
  readonly #queue = new OtlpQueue(MOST_BYTES);
  readonly #losses: Losses;
  #settings: OtlpConfig;
  #cancelTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;
  /** Ends the current pause. */
  #goOn: (() => void) | undefined;
  #abort: AbortController | undefined;
  #isClosing = false;
  #isOver = false;
  #isAway = false;
  #said = "";
  #written = 0;

  constructor(signal: Signal, settings: OtlpConfig, services: OtlpServices) {
    this.#signal = signal;
    this.#settings = settings;
    this.#services = services;
    this.#losses = new Losses(services.clock, REPORT_INTERVAL_MS, (count, reason) => {
      services.report("warn", `${count} ${signal.noun} for ${this.#url} were lost: ${reason}`);
    });
  }

  /** Adds items as one text: JSON objects, separated by commas. */
  add(text: string, items: number): void {
    if (this.#isClosing) this.#losses.count(items);
    else if (!this.#queue.add(text, items)) {
      this.#losses.report(items, "too many wait to be sent");
    } else if (this.#running === undefined) {
      if (this.#queue.items >= BATCH_ITEMS) this.#run();
      else this.#cancelTimer ??= this.#services.clock.schedule(INTERVAL_MS, () => this.#run());
    }
  }

  /** Changes the settings. What waits is sent by the new ones. */
  change(settings: OtlpConfig): void {
    this.#settings = settings;
    this.#goOn?.();
  }

  /** Counts items. */
  counts(): SinkCounts {
    return { written: this.#written, queued: this.#queue.items, dropped: this.#losses.total };
  }

  /**
   * Sends what waits, once; later items are dropped. Resolves after at most `deadlineMs` milliseconds, and
   * counts as dropped what the receiver has not accepted by then. Never rejects. A second call can bring
   * the deadline forward.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#services.clock.schedule(deadlineMs, resolve);
    this.#goOn?.();
    this.#run();
    await Promise.race([this.#running, late]);
    cancel();
    this.#end();
  }

  get #url(): string {
    return endpointOf(this.#settings.otlp, this.#signal.path);
  }

  #run(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = undefined;
    });
  }

  /** Sends one batch, and others as long as they are full. */
  async #sendAll(): Promise<void> {
    let isDue = true;
    while (!this.#isOver && (isDue || this.#queue.items >= BATCH_ITEMS || this.#isClosing)) {
      const batch = this.#queue.first(BATCH_ITEMS);
      if (batch.items === 0) return;
      isDue = false;
      // One after another: a receiver that is slow is not asked for more.
      // oxlint-disable-next-line no-await-in-loop
      await this.#deliver(batch);
      if (!this.#isOver) this.#queue.remove(batch);
    }
    if (!this.#isOver && this.#queue.items > 0) {
      this.#cancelTimer = this.#services.clock.schedule(INTERVAL_MS, () => this.#run());
    }
  }

  /** Sends a batch until the receiver has accepted or refused it. */
  async #deliver(batch: Batch): Promise<void> {
    const content = this.#signal.message(batch.texts, { ...this.#services, ...this.#settings });
    for (let pauses = 0; ; pauses += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each time what came of the time before
      const outcome = await this.#post(content);
      if (this.#isOver) return;
      if (outcome.kind !== "again" || this.#isClosing) return this.#settle(batch, outcome);
      // A connection that was closed while it was idle is no news.
      if (pauses > 0) this.#noteAway(outcome.reason);
      // oxlint-disable-next-line no-await-in-loop
      await this.#pause(pauses, outcome.after);
      if (this.#isOver) return;
    }
  }

  async #post(content: string): Promise<PostOutcome> {
    const { headers, timeout } = this.#settings;
    const { fetch, clock } = this.#services;
    const abort = new AbortController();
    this.#abort = abort;
    const rejectedKey = this.#signal.rejected;
    return post({ url: this.#url, headers, content, timeout, rejectedKey, abort }, fetch, clock);
  }

  #settle(batch: Batch, outcome: PostOutcome): void {
    if (outcome.kind !== "accepted") {
      this.#losses.report(batch.items, outcome.reason);
      return;
    }
    const { rejected, reason } = outcome;
    const lost = Math.min(rejected, batch.items);
    this.#written += batch.items - lost;
    if (lost > 0) this.#losses.report(lost, `the receiver refuses them: ${reason}`);
    else if (reason !== "") this.#warn(reason);
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#services.report("info", `${this.#signal.noun} are accepted again by ${this.#url}`);
  }

  /** Says once what the receiver says of what it has accepted. */
  #warn(said: string): void {
    if (this.#said === said) return;
    this.#said = said;
    this.#services.report("warn", `${this.#url} says of ${this.#signal.noun}: ${said}`);
  }

  #noteAway(reason: string): void {
    if (this.#isAway) return;
    this.#isAway = true;
    const { noun } = this.#signal;
    this.#services.report(
      "warn",
      `${noun} cannot be sent to ${this.#url} (${reason}); they wait in memory and are sent later`,
    );
  }

  /** `asked`: milliseconds that the receiver wants to be left alone. */
  async #pause(pauses: number, asked: number): Promise<void> {
    const { clock, random } = this.#services;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** pauses, LONGEST_PAUSE_MS);
    const pause = Math.max(longest * (0.5 + random() / 2), Math.min(asked, LONGEST_ASKED_MS));
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(pause, resolve);
    this.#goOn = resolve;
    await promise;
    this.#goOn = undefined;
    cancel();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#abort?.abort();
    const left = this.#queue.first(Infinity);
    this.#queue.remove(left);
    if (left.items > 0) this.#losses.report(left.items, "they could not be sent before the stop");
    this.#losses.flush();
  }
}
