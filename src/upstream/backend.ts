import type { Health } from "./health/health.ts";

/** One address behind a route. */
export class Backend {
  /** As the configuration has it; what logs and metrics call it. */
  readonly url: string;
  /** Scheme, host and port, without the scheme's default port: "http://localhost:9001". */
  readonly origin: string;
  /** What stands before each request's path: empty, or "/v1", never ending in "/". */
  readonly basePath: string;
  /** Its share of the requests, 1 to 1000, relative to the upstream's other backends. */
  readonly weight: number;
  readonly health: Health;
  /** The same origin for WebSockets: "ws://localhost:9001". */
  readonly webSocketOrigin: string;
  /** Requests under way. */
  inFlight = 0;
  readonly #maxInFlight: number;

  /** Throws a TypeError for what is not a URL; `checkBackendUrl` says beforehand. */
  constructor(settings: {
    url: string;
    weight: number;
    health: Health;
    maxInFlight?: number | undefined;
  }) {
    const parsed = new URL(settings.url);
    this.url = settings.url;
    this.origin = parsed.origin;
    this.basePath = parsed.pathname.replace(/\/+$/, "");
    this.weight = settings.weight;
    this.health = settings.health;
    this.webSocketOrigin = parsed.origin.replace(/^http/, "ws");
    this.#maxInFlight = settings.maxInFlight ?? Number.POSITIVE_INFINITY;
  }

  /** Whether it has as many requests as it may have. */
  get isFull(): boolean {
    return this.inFlight >= this.#maxInFlight;
  }
}
