import type { Clock } from "../time/clock.ts";
import type { Defer } from "../time/end-of-turn.ts";
import { type Destination, DestinationKeys } from "../upstream/destination.ts";
import type { Attempt } from "./attempt.ts";
import type { BackendCarrier } from "./backend-carrier.ts";
import { Carriers } from "./carriers.ts";
import { Names } from "./names.ts";

/** What a pool depends on; by default the system's. */
export interface PoolOptions {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random?: () => number;
  readonly defer?: Defer;
  readonly names?: Names;
}

/**
 * Connections to backends, kept open from one request to the next: over HTTP/1.1 one connection per
 * concurrent request, over HTTP/2 sessions of many requests each.
 */
export class ConnectionPool {
  readonly #byKey = new Map<string, BackendCarrier>();
  readonly #keys = new DestinationKeys();
  readonly #carriers: Carriers;

  constructor({
    clock,
    random = Math.random,
    defer = setImmediate,
    names = new Names(clock),
  }: PoolOptions) {
    this.#carriers = new Carriers({ clock, random, defer, names });
  }

  /** The transport of all backends. */
  send(attempt: Attempt): void {
    this.#carrierTo(attempt.request.to).carry(attempt);
  }

  /** Open connections to all backends. */
  get size(): number {
    let size = 0;
    for (const { connections } of this.#byKey.values()) size += connections;
    return size;
  }

  /** Closes idle connections; the others end with their attempts. */
  close(): void {
    for (const carrier of this.#byKey.values()) carrier.closeIdle();
  }

  #carrierTo(to: Destination): BackendCarrier {
    const key = this.#keys.of(to);
    let carrier = this.#byKey.get(key);
    if (carrier === undefined) {
      carrier = this.#carriers.to(to, () => this.#byKey.delete(key));
      this.#byKey.set(key, carrier);
    }
    return carrier;
  }
}
