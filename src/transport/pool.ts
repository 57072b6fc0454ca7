import type { Clock } from "../time/clock.ts";
import { type Defer, EndOfTurn } from "../time/end-of-turn.ts";
import { Timeout } from "../time/timeout.ts";
import { type Destination, DestinationKeys } from "../upstream/destination.ts";
import { Address } from "./address.ts";
import type { Attempt } from "./attempt.ts";
import { Connections, type ConnectionServices } from "./connections.ts";
import { Names } from "./names.ts";

/**
 * Milliseconds for which an idle connection is kept. Some common servers close theirs after 5 s, and a
 * request should not meet a connection that is being closed.
 */
const IDLE_MS = 4_000;

/** What a pool depends on; by default the system's. */
export interface PoolOptions {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random?: () => number;
  readonly defer?: Defer;
  readonly names?: Names;
}

/**
 * Connections to backends over HTTP/1.1, with or without TLS, kept open from one request to the next:
 * one connection per concurrent request.
 */
export class ConnectionPool {
  readonly #connections = new Map<string, Connections>();
  readonly #keys = new DestinationKeys();
  readonly #names: Names;
  readonly #services: ConnectionServices;

  constructor({
    clock,
    random = Math.random,
    defer = setImmediate,
    names = new Names(clock),
  }: PoolOptions) {
    this.#names = names;
    this.#services = {
      clock,
      random,
      idleTimeout: new Timeout(clock, IDLE_MS, (connection) => connection.idleForLong()),
      requests: new EndOfTurn((connection) => connection.sendNow(), defer),
      answers: new EndOfTurn(({ attempt, answer }) => attempt.succeed(answer), defer),
    };
  }

  /** The transport of all backends. */
  send(attempt: Attempt): void {
    this.#connectionsTo(attempt.request.to).carry(attempt);
  }

  /** Closes idle connections; the others end with their attempts. */
  close(): void {
    for (const connections of this.#connections.values()) connections.closeIdle();
  }

  #connectionsTo(to: Destination): Connections {
    const key = this.#keys.of(to);
    let connections = this.#connections.get(key);
    if (connections === undefined) {
      const address = new Address(to, this.#names, this.#services.clock);
      connections = new Connections(address, this.#services, () => this.#connections.delete(key));
      this.#connections.set(key, connections);
    }
    return connections;
  }
}
