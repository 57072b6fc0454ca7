import type { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** Requests that wait for one other request at most; more of them ask the backend themselves. */
const MOST_WAITING = 1_000;

interface Waiting {
  resolve(landed: Landed | undefined): void;
  reject(reason: GatewayError): void;
}

/** The requests that others may wait for, by what tells requests apart. */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  get(key: string): Flight | undefined {
    return this.#flights.get(key);
  }

  /** Requests that wait for others. */
  get waiting(): number {
    let waiting = 0;
    for (const flight of this.#flights.values()) waiting += flight.waiting;
    return waiting;
  }

  /** To be called if there is none by this key. */
  begin(key: string, exchange: Exchange): Flight {
    const flight: Flight = new Flight(exchange, () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    this.#flights.set(key, flight);
    return flight;
  }
}

/** What a flight has brought, for those who wait. */
export interface Landed {
  readonly answer: StoredAnswer;
  /** It stands in for an error. */
  readonly isStale: boolean;
}

/**
 * One request on its way to the backend, and others that wait for the same answer. It goes on for them
 * when its own client leaves.
 */
export class Flight {
  readonly #exchange: Exchange;
  readonly #waiting = new Set<Waiting>();
  readonly #close: () => void;
  #hasLanded = false;
  /** Why its own client is not there any more. */
  #left: GatewayError | undefined;

  /** `close`: nobody else can wait for it from now on. */
  constructor(exchange: Exchange, close: () => void) {
    this.#exchange = exchange;
    this.#close = close;
    exchange.cancellation.outlives = (reason) => {
      if (this.#waiting.size === 0) return false;
      this.#left = reason;
      return true;
    };
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= MOST_WAITING;
  }

  /** Whoever comes now must not get what it brings. */
  close(): void {
    this.#close();
  }

  /** It has brought something for those who wait; undefined if each has to ask by itself. */
  land(landed: Landed | undefined): void {
    if (this.#hasLanded) return;
    this.#hasLanded = true;
    this.#close();
    for (const waiting of this.#waiting) waiting.resolve(landed);
    this.#waiting.clear();
  }

  /** Waits for it to land. Rejects with the reason when the exchange is cancelled before. */
  wait({ cancellation }: Exchange): Promise<Landed | undefined> {
    if (cancellation.reason !== undefined) return Promise.reject(cancellation.reason);
    return new Promise((resolve, reject) => {
      const waiting = { resolve, reject };
      this.#waiting.add(waiting);
      cancellation.interrupts({
        interrupt: (reason) => {
          if (!this.#waiting.delete(waiting)) return;
          reject(reason);
          this.#endIfUnwanted();
        },
      });
    });
  }

  /** Nobody waits any more for what a client that has left asked for. */
  #endIfUnwanted(): void {
    if (this.#left === undefined || this.#waiting.size > 0) return;
    this.#exchange.cancellation.cancel(this.#left);
  }
}
