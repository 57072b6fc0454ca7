import { clientNetwork } from "../../http/address.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Clock } from "../../time/clock.ts";

/** Limits of the operator's choice. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** 0: no limit. */
  readonly maxConnectionsPerClient: number;
}

/** A port on which accepting can pause; an Acceptor. */
export interface Gate {
  /** False if that is not possible. */
  pause(): boolean;
  resume(): void;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, "log">;
  readonly limits: ConnectionLimits;
  /** How many connections the limit on file descriptors leaves room for. */
  readonly room: DescriptorRoom;
  /** Closes the connection that has been idle for longest; `leave` follows. False if none is idle. */
  readonly closeOldestIdle: () => boolean;
  readonly hasIdle: () => boolean;
  /** The clients of all connections, as given to `identify`. */
  readonly clients: () => Iterable<string>;
}

export interface DescriptorRoom {
  readonly connections: number;
  /** The limit on file descriptors, for the operator; undefined if unknown. */
  readonly limit: number | undefined;
}

const CLOSED_PER_HOLD = 16;
/** While accepting pauses at the limit: how often to look for a connection that has become idle. */
const LOOK_EVERY_MS = 100;
/** The share of the limit below which the operator is told that there is room again. */
const ROOM_AGAIN = 0.9;
/** Refusals for being over the limit of a client are reported at most so often. */
const REPORT_EVERY_MS = 60_000;

/**
 * Decides which connections stay, of all of the clients' ports together. Nothing here runs per request:
 *
 *   accept ─▶ below max_connections ─▶ stays
 *        └──▶ at it: the oldest idle one is closed; while none is idle, accepting pauses
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #gates = new Set<Gate>();
  #limits: ConnectionLimits;
  #count = 0;
  /** Connections of each client; kept only while there is a limit on them. */
  #perClient: Map<string, number> | undefined;
  #isFull = false;
  #isPaused = false;
  /** Whether descriptors have run out, whatever the number of connections. */
  #isHeld = false;
  #cancelLook: (() => void) | undefined;
  #nextReport = -Infinity;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#countClients();
  }

  get connections(): number {
    return this.#count;
  }

  /** Applies to open connections as well: idle ones above a lower limit are closed. */
  change(limits: ConnectionLimits): void {
    this.#limits = limits;
    this.#countClients();
    this.#closeIdle(this.#count - this.#most);
    this.#reportRoom();
    this.#resumeIfPossible();
  }

  addGate(gate: Gate): void {
    this.#gates.add(gate);
    if (this.#isPaused) gate.pause();
  }

  removeGate(gate: Gate): void {
    this.#gates.delete(gate);
  }

  /** Stops looking for idle connections. */
  stop(): void {
    this.#gates.clear();
    this.#cancelLook?.();
  }

  /**
   * A connection has been accepted. False if there is no room for it: then the caller closes it, and
   * does not call `leave`.
   */
  enter(): boolean {
    this.#count += 1;
    const most = this.#most;
    if (this.#count < most) return true;
    if (!this.#isFull) {
      this.#isFull = true;
      this.#reportFull(most);
    }
    this.#closeIdle(this.#count - most);
    if (!this.#hasRoom) this.#pause();
    // The one that came before accepting paused stays; more come only where it cannot pause.
    if (this.#count <= most + this.#gates.size) return true;
    this.#count -= 1;
    return false;
  }

  /**
   * A connection's client is known: its address, or the one that a PROXY header names. False if it has
   * as many connections as it may have; then the caller closes the connection, and `leave` is called
   * without a client.
   */
  identify(client: string): boolean {
    const counts = this.#perClient;
    if (counts === undefined) return true;
    const network = clientNetwork(client);
    const count = counts.get(network) ?? 0;
    if (count >= this.#limits.maxConnectionsPerClient) {
      this.#reportRefusal(client);
      return false;
    }
    counts.set(network, count + 1);
    return true;
  }

  /** A connection is closed. `client` is what was given to `identify`, if that returned true. */
  leave(client: string | undefined): void {
    this.#count -= 1;
    if (this.#perClient !== undefined && client !== undefined) {
      const network = clientNetwork(client);
      const count = this.#perClient.get(network) ?? 0;
      if (count > 1) this.#perClient.set(network, count - 1);
      else this.#perClient.delete(network);
    }
    if (!this.#isFull) return;
    this.#reportRoom();
    this.#resumeIfPossible();
  }

  /**
   * File descriptors have run out, whoever has them: accepting pauses until `release`. Each call closes
   * some idle connections.
   */
  hold(): void {
    this.#isHeld = true;
    this.#closeIdle(CLOSED_PER_HOLD);
    this.#pause();
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#resumeIfPossible();
  }

  get #most(): number {
    return Math.min(this.#limits.maxConnections, this.#options.room.connections);
  }

  /** Whether another connection can be accepted, possibly in place of an idle one. */
  get #hasRoom(): boolean {
    if (this.#isHeld) return false;
    const free = this.#most - this.#count;
    return free > 0 || (free === 0 && this.#options.hasIdle());
  }

  #closeIdle(count: number): void {
    for (let left = count; left > 0 && this.#options.closeOldestIdle(); left -= 1);
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    for (const gate of this.#gates) gate.pause();
    this.#look();
  }

  #look(): void {
    this.#cancelLook = this.#options.clock.schedule(LOOK_EVERY_MS, () => {
      this.#cancelLook = undefined;
      if (!this.#resumeIfPossible()) this.#look();
    });
  }

  /** Returns whether clients are accepted. */
  #resumeIfPossible(): boolean {
    if (!this.#isPaused) return true;
    if (!this.#hasRoom) return false;
    this.#isPaused = false;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    for (const gate of this.#gates) gate.resume();
    return true;
  }

  #countClients(): void {
    if (this.#limits.maxConnectionsPerClient === 0) {
      this.#perClient = undefined;
      return;
    }
    if (this.#perClient !== undefined) return;
    this.#perClient = new Map();
    for (const client of this.#options.clients()) {
      const network = clientNetwork(client);
      this.#perClient.set(network, (this.#perClient.get(network) ?? 0) + 1);
    }
  }

  #reportFull(most: number): void {
    const { logger, room } = this.#options;
    const cause =
      most < this.#limits.maxConnections
        ? `as many as the limit on file descriptors${room.limit === undefined ? "" : ` (${room.limit})`} leaves room for, with one for a backend each: raise it (\`ulimit -n\`, or LimitNOFILE of a systemd unit)`
        : "as many as `server.max_connections` allows";
    logger.log(
      "warn",
      `${most} client connections are open, ${cause}; idle ones are closed, the oldest first, and while none is idle, new clients wait`,
    );
  }

  #reportRoom(): void {
    if (!this.#isFull || this.#count > this.#most * ROOM_AGAIN) return;
    this.#isFull = false;
    this.#options.logger.log("info", "there is room for client connections again");
  }

  #reportRefusal(client: string): void {
    const { clock, logger } = this.#options;
    const now = clock.monotonic();
    if (now < this.#nextReport) return;
    this.#nextReport = now + REPORT_EVERY_MS;
    const most = this.#limits.maxConnectionsPerClient;
    logger.log(
      "info",
      `${client} has ${most} connections, as many as \`server.max_connections_per_client\` allows; further ones are closed`,
    );
  }
}
