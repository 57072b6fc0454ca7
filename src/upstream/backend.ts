import type { Health } from "./health/health.ts";

/** A backend's address. */
export interface BackendAddress {
  /** As written in the configuration; its name in logs and metrics. */
  readonly url: string;
  /** Scheme, host and port, without the scheme's default port: "http://localhost:9001". */
  readonly origin: string;
  /** The same origin for WebSockets: "ws://localhost:9001". */
  readonly webSocketOrigin: string;
  /** Prepended to each request's path: empty, or "/v1", never ending in "/". */
  readonly basePath: string;
}

/** Throws a TypeError if it is not a URL; `checkBackendUrl` checks that. */
export function readBackendAddress(url: string): BackendAddress {
  const { origin, pathname } = new URL(url);
  return {
    url,
    origin,
    webSocketOrigin: origin.replace(/^http/, "ws"),
    basePath: pathname.replace(/\/+$/, ""),
  };
}

/** One upstream's load at a backend. It outlives changes of the backend's settings. */
export class Load {
  /** Requests in flight. */
  inFlight = 0;
}

/** One address behind a route. */
export class Backend implements BackendAddress {
  readonly url: string;
  readonly origin: string;
  readonly webSocketOrigin: string;
  readonly basePath: string;
  /** Its share of the requests, 1 to 1000, relative to the upstream's other backends. */
  readonly weight: number;
  readonly health: Health;
  /** Its TLS settings; absent without TLS. */
  readonly tls: Bun.TLSOptions | undefined;
  readonly load: Load;
  readonly #maxInFlight: number;

  constructor(settings: {
    address: BackendAddress;
    weight: number;
    health: Health;
    load?: Load | undefined;
    tls?: Bun.TLSOptions | undefined;
    maxInFlight?: number | undefined;
  }) {
    const { url, origin, webSocketOrigin, basePath } = settings.address;
    this.url = url;
    this.origin = origin;
    this.webSocketOrigin = webSocketOrigin;
    this.basePath = basePath;
    this.weight = settings.weight;
    this.health = settings.health;
    this.load = settings.load ?? new Load();
    this.tls = settings.tls;
    this.#maxInFlight = settings.maxInFlight ?? Number.POSITIVE_INFINITY;
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.load.inFlight;
  }

  set inFlight(count: number) {
    this.load.inFlight = count;
  }

  /** Whether it is at max_in_flight. */
  get isFull(): boolean {
    return this.load.inFlight >= this.#maxInFlight;
  }
}
