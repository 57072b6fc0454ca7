import {
  type Destination,
  DEFAULT_REACH,
  forUpgrades,
  type Reach,
  socketPathOf,
} from "./destination.ts";
import type { CircuitBreaker } from "./breaker/breaker.ts";
import { Drain } from "./drain.ts";
import type { Ejection } from "./ejection/ejection.ts";
import type { Health } from "./health/health.ts";
import { Load } from "./limits/upstream-load.ts";

/** A backend's address. */
export interface BackendAddress {
  /** As written in the configuration; its name in logs and metrics. */
  readonly url: string;
  /**
   * Scheme, host and port, without the scheme's default port: "http://localhost:9001"; of a Unix socket
   * "http://localhost".
   */
  readonly origin: string;
  /** The path of a Unix socket; undefined for TCP. */
  readonly socketPath: string | undefined;
  /** Prepended to each request's path: empty, or "/v1", never ending in "/". */
  readonly basePath: string;
}

/** Throws a TypeError if it is not a URL; `checkBackendUrl` checks that. */
export function readBackendAddress(url: string): BackendAddress {
  const socketPath = socketPathOf(url);
  const { origin, pathname } = new URL(socketPath === undefined ? url : "http://localhost");
  return {
    url,
    origin,
    socketPath,
    basePath: pathname.replace(/\/+$/, ""),
  };
}

/** How the backend at an address is reached. */
export function destinationOf(
  { origin, socketPath }: BackendAddress,
  reach: Reach = DEFAULT_REACH,
  tls?: Bun.TLSOptions,
): Destination {
  const { protocol, proxy, connectTimeout } = reach;
  return { origin, socketPath, tls, protocol, proxy, connectTimeout, isForUpgrades: false };
}

/** The warmth of a backend that gets all of its weight. */
export const WARM = 20;

/** One address behind a route. */
export class Backend implements BackendAddress {
  readonly url: string;
  readonly origin: string;
  readonly socketPath: string | undefined;
  readonly basePath: string;
  /** Its share of the requests, 1 to 1000, relative to the upstream's other backends. */
  readonly weight: number;
  /** Whether it gets requests only while no other one is healthy. */
  readonly isBackup: boolean;
  /** For the operator. */
  readonly labels: Readonly<Record<string, string>>;
  /** How many twentieths of its weight it gets, 1 to 20; fewer than 20 only in a slow start. */
  warmth = WARM;
  readonly health: Health;
  /** Undefined if the upstream ejects none. */
  readonly ejection: Ejection | undefined;
  /** Undefined if the upstream has none. */
  readonly breaker: CircuitBreaker | undefined;
  /** How it is reached. */
  readonly to: Destination;
  /** How it is reached for an upgrade, which only HTTP/1.1 has. */
  readonly toUpgrade: Destination;
  readonly load: Load;
  /** Whether an operator keeps new requests from it. */
  readonly drain: Drain;
  readonly #maxInFlight: number;

  constructor(settings: {
    address: BackendAddress;
    weight: number;
    health: Health;
    ejection?: Ejection | undefined;
    breaker?: CircuitBreaker | undefined;
    load?: Load | undefined;
    drain?: Drain | undefined;
    to?: Destination;
    maxInFlight?: number | undefined;
    isBackup?: boolean | undefined;
    labels?: Readonly<Record<string, string>> | undefined;
  }) {
    const { address } = settings;
    const { url, origin, socketPath, basePath } = address;
    this.url = url;
    this.origin = origin;
    this.socketPath = socketPath;
    this.basePath = basePath;
    this.weight = settings.weight;
    this.isBackup = settings.isBackup ?? false;
    this.labels = settings.labels ?? NO_LABELS;
    this.health = settings.health;
    this.ejection = settings.ejection;
    this.breaker = settings.breaker;
    this.load = settings.load ?? new Load();
    this.drain = settings.drain ?? new Drain();
    this.to = settings.to ?? destinationOf(address);
    this.toUpgrade = forUpgrades(this.to);
    this.#maxInFlight = settings.maxInFlight ?? Number.POSITIVE_INFINITY;
  }

  /** Its share of the requests at the time, relative to the upstream's other backends. */
  get currentWeight(): number {
    return (this.weight * this.warmth) / WARM;
  }

  /** Requests in flight. Lowering it gives their places to those who wait. */
  get inFlight(): number {
    return this.load.inFlight;
  }

  set inFlight(count: number) {
    this.load.inFlight = count;
  }

  /** Whether it is at max_in_flight, or its circuit breaker lets no further request pass now. */
  get isFull(): boolean {
    return this.load.inFlight >= this.#maxInFlight || this.breaker?.passes === false;
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};
