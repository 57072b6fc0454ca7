import { clientNetwork } from "../../http/address.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Clock } from "../../time/clock.ts";
import { ReportLimit } from "./report-limit.ts";

/** Limits of the operator's choice. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** 0: no limit. */
  readonly maxConnectionsPerClient: number;
}

/** What becomes of an accepted connection: one that waits is to be entered again when accepting resumes. */
export type Place = "stays" | "waits" | "refused";

/** A port on which accepting can pause. */
export interface Gate {
  /** False if that is not possible. */
  pause(): boolean;
  resume(): void;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, "log">;
  readonly limits: ConnectionLimits;
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
/** The share of the limit below which there is room again, as far as the log is concerned. */
const ROOM_AGAIN = 0.9;

/**
 * Decides which connections stay, of all of the clients' ports together. Nothing here runs per request:
 *
 *   accept ─▶ below max_connections ─▶ stays
 *        ├──▶ at it ─▶ the one that has been idle for longest is closed ─▶ stays
 *        └──▶ none is idle ─▶ waits, and accepting pauses
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
  readonly #refusals: ReportLimit;
  readonly #fullReports: ReportLimit;
  #isReportedFull = false;
  #room: DescriptorRoom = { connections: Infinity, limit: undefined };

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#fullReports = new ReportLimit(options.clock);
    this.#refusals = new ReportLimit(options.clock);
    if (options.limits.maxConnectionsPerClient > 0) this.#perClient = new Map();
  }

  /** How many connections the limit on file descriptors leaves room for; any number at first. */
  set room(room: DescriptorRoom) {
    this.#room = room;
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
    if (this.#hasRoom) this.#resumeIfPossible();
    else this.#pause();
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

  /** A connection has been accepted. Unless it stays, `leave` is not called for it. */
  enter(): Place {
    const most = this.#most;
    this.#count += 1;
    if (this.#count < most) return "stays";
    if (!this.#isFull) {
      this.#isFull = true;
      if (this.#fullReports.take()) this.#reportFull(most);
    }
    if (this.#count > most && !this.#options.closeOldestIdle()) {
      this.#count -= 1;
      // Only where accepting cannot pause would ever more connections have to wait.
      return this.#pause() ? "waits" : "refused";
    }
    if (!this.#hasRoom) this.#pause();
    return "stays";
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
   * File descriptors have run out, whatever they are used for: accepting pauses until `release`. Each call closes
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
    return Math.min(this.#limits.maxConnections, this.#room.connections);
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

  /** Returns whether no port accepts. */
  #pause(): boolean {
    let isPaused = true;
    for (const gate of this.#gates) isPaused = gate.pause() && isPaused;
    if (!this.#isPaused) this.#look();
    this.#isPaused = true;
    return isPaused;
  }

  #look(): void {
    this.#cancelLook = this.#options.clock.schedule(LOOK_EVERY_MS, () => {
      this.#cancelLook = undefined;
      this.#closeIdle(this.#count - this.#most);
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
    this.#isReportedFull = true;
    const { limit } = this.#room;
    const { logger } = this.#options;
    const cause =
      most < this.#limits.maxConnections
        ? `as many as the limit on file descriptors${limit === undefined ? "" : ` (${limit})`} leaves room for, with one for a backend each: raise it (\`ulimit -n\`, or LimitNOFILE of a systemd unit)`
        : "as many as `server.max_connections` allows";
    logger.log(
      "warn",
      `${most} client connections are open, ${cause}; idle ones are closed, the oldest first, and while none is idle, new clients wait`,
    );
  }

  #reportRoom(): void {
    if (!this.#isFull || this.#count > this.#most * ROOM_AGAIN) return;
    this.#isFull = false;
    if (!this.#isReportedFull) return;
    this.#isReportedFull = false;
    this.#options.logger.log("info", "there is room for client connections again");
  }

  #reportRefusal(client: string): void {
    if (!this.#refusals.take()) return;
    const most = this.#limits.maxConnectionsPerClient;
    this.#options.logger.log(
      "info",
      `${client} has ${most} connections, as many as \`server.max_connections_per_client\` allows; further ones are closed`,
    );
  }
}
