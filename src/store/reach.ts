import { StoreUnavailable } from "../pipeline/shared-store.ts";
import type { Clock } from "../time/clock.ts";
import type { Defer } from "../time/end-of-turn.ts";
import { durationText } from "../units/duration.ts";
import type { StoreLink } from "./link.ts";
import { meansAway, reasonOf } from "./reasons.ts";

/** So many more failures than successes in a row end the use of a store. */
const FAILURES = 5;
/** For a name to be resolved, a connection to be made, TLS and the login. */
const CONNECT_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A connection that closes sooner is a failure; after that, servers close idle ones. */
const SHORT_LIVED_MS = 1_000;
/** A store that goes sooner again is tried at longer and longer intervals: each time is in the log. */
const STEADY_MS = 30_000;

export interface ReachServices {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: (level: "info" | "warn", message: string) => void;
  readonly defer: Defer;
  /** Opens a connection; `onClose` is called if it closes by itself. */
  readonly open: (onClose: () => void) => StoreLink;
  /** Does on a connection what calls do there. */
  readonly probe: (link: StoreLink) => Promise<unknown>;
}

/** Who asks the store, and wants to know how it is. */
export interface ReachObserver {
  /** Commands may be sent on this connection from now on. */
  ready(link: StoreLink): void;
  /** There is no connection at the moment; another one is being opened. */
  interrupted(): void;
  /** Nothing may be asked until it is ready. */
  away(reason: StoreUnavailable): void;
}

interface ReachSettings {
  /** How messages name the store; without credentials. */
  readonly name: string;
  /** Milliseconds for a reply. */
  readonly timeout: number;
  /** What is done without the store, for the operator. */
  readonly consequence: string;
}

/**
 * Keeps a connection to a store, and knows whether it can be used.
 *
 *   closed ──open──▶ opening ──probe succeeds──▶ ready ──the connection closes──▶ opening
 *                       └──probe fails──▶ away ◄──too many failures──┘
 *                                         │  ▲
 *                                         └──┘ a probe in the background, after longer and longer pauses
 *
 * While it is away no request waits for it: only the probes do.
 */
export class Reach {
  readonly #settings: ReachSettings;
  readonly #services: ReachServices;
  readonly #observer: ReachObserver;
  #state: "closed" | "opening" | "ready" | "away" = "closed";
  #link: StoreLink | undefined;
  #readyAt = 0;
  #awaySince = 0;
  /** Failures minus successes, never below 0: it grows when more than half of the calls fail. */
  #score = 0;
  #pause = FIRST_PAUSE_MS;
  #cancel: () => void = () => {};

  constructor(settings: ReachSettings, services: ReachServices, observer: ReachObserver) {
    this.#settings = settings;
    this.#services = services;
    this.#observer = observer;
  }

  /** Opens a connection if there is none and none is being opened. */
  open(): void {
    if (this.#state !== "closed") return;
    this.#state = "opening";
    void this.#try();
  }

  /** Closes the connection, until somebody opens it again. */
  close(): void {
    this.#state = "closed";
    this.#drop();
  }

  succeeded(): void {
    if (this.#score > 0) this.#score -= 1;
  }

  /** A call has failed, on this connection if it came so far. */
  failed(error: unknown, link: StoreLink | undefined): void {
    const isOfNow = link === undefined || link === this.#link;
    if (!isOfNow || this.#state === "away" || this.#state === "closed") return;
    this.#score += 1;
    if (this.#score >= FAILURES || meansAway(error)) this.#goAway(error);
  }

  async #try(): Promise<void> {
    const { open, probe } = this.#services;
    let link: StoreLink | undefined;
    const isCurrent = () => link === this.#link;
    try {
      this.#limit(CONNECT_MS, new Error(`no connection within ${durationText(CONNECT_MS)}`));
      link = open(() => {
        if (isCurrent()) this.#closed();
      });
      this.#link = link;
      await link.send("PING", []);
      if (!isCurrent()) return;
      const { timeout } = this.#settings;
      this.#limit(timeout, noAnswer(timeout));
      await probe(link);
      if (isCurrent()) this.#becomeReady(link);
    } catch (error) {
      if (isCurrent()) this.#missed(error);
    }
  }

  /** Ends the attempt when the time is up and what has come meanwhile has been read. */
  #limit(milliseconds: number, lateness: Error): void {
    const { clock, defer } = this.#services;
    this.#cancel();
    let isOver = false;
    const cancelTimer = clock.schedule(milliseconds, () =>
      defer(() => {
        if (!isOver) this.#missed(lateness);
      }),
    );
    this.#cancel = () => {
      isOver = true;
      cancelTimer();
    };
  }

  #becomeReady(link: StoreLink): void {
    const { clock, log } = this.#services;
    this.#cancel();
    if (this.#state === "away") {
      const after = durationText(clock.monotonic() - this.#awaySince);
      log("info", `the shared store ${this.#settings.name} is back after ${after}`);
    }
    this.#state = "ready";
    this.#readyAt = clock.monotonic();
    this.#score = 0;
    this.#observer.ready(link);
  }

  /** The connection has closed by itself. */
  #closed(): void {
    // Until it is ready, what its commands reject with says more.
    if (this.#state !== "ready") return;
    this.#link = undefined;
    const lived = this.#leaveReady();
    if (lived < SHORT_LIVED_MS) {
      this.#goAway(new Error("the connection was closed"));
      return;
    }
    this.#state = "opening";
    this.#observer.interrupted();
    void this.#try();
  }

  /** Milliseconds for which it was ready. */
  #leaveReady(): number {
    const lived = this.#services.clock.monotonic() - this.#readyAt;
    if (lived >= STEADY_MS) this.#pause = FIRST_PAUSE_MS;
    return lived;
  }

  /** A connection could not be made, or its probe failed. */
  #missed(error: unknown): void {
    if (this.#state === "away") this.#tryLater();
    else this.#goAway(error);
  }

  #goAway(error: unknown): void {
    const { clock, log } = this.#services;
    const { name, consequence } = this.#settings;
    const reason = reasonOf(error);
    if (this.#state === "ready") this.#leaveReady();
    this.#state = "away";
    this.#awaySince = clock.monotonic();
    log("warn", `the shared store ${name} is away: ${reason}; ${consequence} until it is back`);
    this.#observer.away(new StoreUnavailable(`the shared store is away: ${reason}`));
    this.#tryLater();
  }

  #tryLater(): void {
    const { clock, random } = this.#services;
    this.#drop();
    // Gateways that lost a store together do not come back to it in step.
    const pause = this.#pause * (0.75 + random() / 2);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
    this.#cancel = clock.schedule(pause, () => void this.#try());
  }

  #drop(): void {
    this.#cancel();
    const link = this.#link;
    this.#link = undefined;
    link?.close();
  }
}

/** Why a call has failed for which no reply came. */
export function noAnswer(timeout: number): Error {
  return new Error(`no answer within ${durationText(timeout)}`);
}
