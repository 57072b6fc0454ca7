import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Interruptible } from "../../pipeline/cancellation.ts";
import type { Clock } from "../../time/clock.ts";
import { type PendingTimeout, Timeout } from "../../time/timeout.ts";
import { durationText } from "../../units/duration.ts";
import type { Backend } from "../backend.ts";

/** Who waits for a place. */
export interface Applicant {
  readonly exchange: Exchange;
  /** Backends that it does not go to; undefined if any will do. */
  readonly except: ReadonlySet<Backend> | undefined;
  /** Called at once when there is a place, which it has to take. */
  admitted(backend: Backend): void;
}

export interface WaitingSettings {
  /** How many may wait. */
  readonly most: number;
  /** How long, in milliseconds. */
  readonly timeout: number;
  readonly clock: Clock;
}

/** Gives a place for an applicant, if there is one. */
type FindPlace = (applicant: Applicant) => Backend | undefined;

/**
 * Requests that wait for a place at a backend of an upstream, first in, first out. A place that becomes
 * free goes to the first of them that can use it, before anyone else can ask for it. So if there is a
 * free place, nobody who waits can use it, and whoever comes may have it without queueing.
 */
export class WaitingQueue {
  readonly #settings: WaitingSettings;
  readonly #findPlace: FindPlace;
  readonly #timeout: Timeout<Waiter>;
  readonly #waiters = new Set<Waiter>();
  #isClosed = false;

  constructor(settings: WaitingSettings, findPlace: FindPlace) {
    this.#settings = settings;
    this.#findPlace = findPlace;
    const { timeout, clock } = settings;
    this.#timeout = new Timeout(clock, timeout, (waiter) => {
      const detail = `no place at the route's backends within ${durationText(timeout)} (wait_timeout)`;
      this.#end(waiter, overloaded(detail));
    });
  }

  /** Nobody joins any more; those who wait go on waiting. */
  close(): void {
    this.#isClosed = true;
  }

  /** Whether nobody waits, and nobody will. */
  get isOver(): boolean {
    return this.#isClosed && this.#waiters.size === 0;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiters.size;
  }

  /** Waits for a place. Throws a GatewayError if too many are waiting. */
  join(applicant: Applicant): Waiter {
    const { most } = this.#settings;
    if (this.#waiters.size >= most) {
      throw overloaded(
        `this route's backends are at their max_in_flight, and ${most} requests are waiting`,
      );
    }
    const waiter = new Waiter(applicant, (reason) => this.#end(waiter, reason));
    this.#waiters.add(waiter);
    waiter.pendingTimeout = this.#timeout.begin(waiter);
    applicant.exchange.cancellation.interrupts(waiter);
    return waiter;
  }

  /** A place has become free. Whether somebody has taken it. */
  serveOne(): boolean {
    for (const waiter of this.#waiters) {
      const { applicant } = waiter;
      const backend = this.#findPlace(applicant);
      if (backend !== undefined) {
        this.#end(waiter, undefined);
        applicant.admitted(backend);
        return true;
      }
      // Where one that can go anywhere finds none, nobody does.
      if (applicant.except === undefined) return false;
    }
    return false;
  }

  /** There may be any number of places. */
  serveAll(): void {
    while (this.#waiters.size > 0 && this.serveOne());
  }

  /** There is nothing to wait for any more. */
  dismissAll(reason: GatewayError): void {
    for (const waiter of this.#waiters) this.#end(waiter, reason);
  }

  #end(waiter: Waiter, reason: GatewayError | undefined): void {
    if (!this.#waiters.delete(waiter)) return;
    this.#timeout.end(waiter.pendingTimeout);
    waiter.settle(reason);
  }
}

/** A request's wait, which ends early if its exchange is cancelled. */
export class Waiter implements Interruptible {
  readonly applicant: Applicant;
  /** Resolves when there is a place, or to why there is none. */
  readonly over: Promise<GatewayError | undefined>;
  readonly settle: (reason: GatewayError | undefined) => void;
  readonly interrupt: (reason: GatewayError) => void;
  pendingTimeout: PendingTimeout = { running: false };

  constructor(applicant: Applicant, interrupt: (reason: GatewayError) => void) {
    const { promise, resolve } = Promise.withResolvers<GatewayError | undefined>();
    this.applicant = applicant;
    this.over = promise;
    this.settle = resolve;
    this.interrupt = interrupt;
  }
}

function overloaded(detail: string): GatewayError {
  return new GatewayError("overloaded", detail, { fields: { "retry-after": "1" } });
}
