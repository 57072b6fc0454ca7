import { type Destination, DestinationKeys } from "../destination.ts";
import { Checker, type CheckerServices } from "./checker.ts";
import { CheckedHealth, type Health, uncheckedHealth, UNREACHED_LIMIT } from "./health.ts";
import type { HealthCheck } from "./schema.ts";
import { DEFAULT_PATH, type Verdict } from "./verdict.ts";

/** Up to this many backends are all checked at once at the start. */
const ALL_AT_ONCE = 50;
/** With more, the first checks are spread over this many milliseconds per backend. */
const SPREAD_MS = 2;

/** A backend's health has changed. */
export interface HealthChange {
  /** The backend's, as the configuration has it. */
  readonly url: string;
  readonly healthy: boolean;
  /** For the log: what happened, and the consequence. */
  readonly message: string;
}

/** A backend, as far as checks depend on it. */
export interface CheckedBackend {
  /** As written in the configuration. */
  readonly url: string;
  readonly basePath: string;
  readonly to: Destination;
}

export interface MonitorServices extends CheckerServices {
  readonly onChange: (change: HealthChange) => void;
  /** Called with news for the operator when no health has changed. */
  readonly warn: (message: string) => void;
}

interface Entry {
  readonly key: string;
  readonly url: string;
  readonly health: CheckedHealth;
  readonly checker: Checker;
  users: number;
}

/**
 * Owns the checkers: one for each distinct backend and settings, however many upstreams share it. An
 * upstream that acquires before another releases gets the health that is already known.
 */
export class HealthMonitor {
  readonly #services: CheckerServices;
  readonly #onChange: (change: HealthChange) => void;
  readonly #warn: (message: string) => void;
  /** The backends without a page to check that have been reported, by their URLs. */
  readonly #withoutPage = new Set<string>();
  readonly #byKey = new Map<string, Entry>();
  readonly #byHealth = new Map<Health, Entry>();
  readonly #keys = new DestinationKeys();
  #running = false;

  constructor({ onChange, warn, ...services }: MonitorServices) {
    this.#services = services;
    this.#onChange = onChange;
    this.#warn = warn;
  }

  /** The health of a backend, checked from now on if the monitor is running. */
  acquire(checked: CheckedBackend, settings: HealthCheck): Health {
    if (!settings.enabled) return uncheckedHealth;
    const key = this.#keyOf(checked, settings);
    let entry = this.#byKey.get(key);
    if (entry === undefined) {
      entry = this.#create(key, checked, settings);
      this.#byKey.set(key, entry);
      this.#byHealth.set(entry.health, entry);
      this.#startOne(entry);
    }
    entry.users += 1;
    return entry.health;
  }

  /** Releases what `acquire` returned, once for each call. The last release ends the checks. */
  release(health: Health): void {
    const entry = this.#byHealth.get(health);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.checker.stop();
    this.#byKey.delete(entry.key);
    this.#byHealth.delete(health);
    this.#withoutPage.delete(entry.url);
  }

  /** Starts checking every backend. */
  start(): void {
    this.#running = true;
    for (const entry of this.#byKey.values()) this.#startOne(entry);
  }

  /** Ends all checks, also those in progress. Each health stays as it is. */
  stop(): void {
    this.#running = false;
    for (const entry of this.#byKey.values()) entry.checker.stop();
  }

  #create(key: string, { url, to }: CheckedBackend, settings: HealthCheck): Entry {
    const health = new CheckedHealth(settings, (reason) => {
      // After the checks have ended, nothing is reported any more.
      if (!checker.isRunning) return;
      checker.hurry(health.consecutiveUnreached > UNREACHED_LIMIT);
      const message = `backend ${url} is unhealthy: the last ${UNREACHED_LIMIT} requests could not reach it (${reason}); it gets no requests until ${asked} succeeds, and the gateway keeps checking`;
      this.#onChange({ url, healthy: false, message });
    });
    // At the root: a base path is where the API is, not where the service reports its health.
    const path = settings.path ?? DEFAULT_PATH;
    const grpcService = grpcServiceOf(settings);
    const page = to.socketPath === undefined ? `${to.origin}${path}` : path;
    const asked = grpcService === undefined ? `GET ${page}` : "grpc.health.v1.Health/Check";
    const checker: Checker = new Checker({
      asked: { to, path, grpcService, isPathChosen: settings.path !== undefined },
      settings,
      health,
      services: this.#services,
      onVerdict: (verdict, isChange) => {
        if (verdict.isPageMissing === true)
          this.#reportMissingPage(url, `${asked} ${verdict.reason}`);
        if (!isChange) return;
        const { healthy, consecutiveFailures } = health;
        const message = healthy
          ? `backend ${url} is healthy again: ${asked} ${verdict.reason}`
          : `backend ${url} is unhealthy after ${consecutiveFailures} failed ${consecutiveFailures === 1 ? "check" : "checks"}: ${asked} ${inWords(verdict)}`;
        this.#onChange({ url, healthy, message });
      },
    });
    return { key, url, health, checker, users: 0 };
  }

  #reportMissingPage(url: string, what: string): void {
    if (this.#withoutPage.has(url)) return;
    this.#withoutPage.add(url);
    this.#warn(
      `backend ${url} has no page for health checks: ${what}; it counts as healthy as long as it answers. Set \`health_check.path\` to a page that answers 2xx while the service is healthy`,
    );
  }

  #keyOf({ to, basePath }: CheckedBackend, settings: HealthCheck): string {
    return JSON.stringify([
      this.#keys.of(to),
      basePath,
      settings.path,
      settings.grpc,
      settings.interval,
      settings.timeout,
      settings.unhealthy_after,
      settings.healthy_after,
    ]);
  }

  #startOne(entry: Entry): void {
    if (!this.#running) return;
    const count = this.#byKey.size;
    entry.checker.start(count > ALL_AT_ONCE ? this.#services.random() * SPREAD_MS * count : 0);
  }
}

/** The service to ask gRPC's health service about; undefined if a page is requested instead. */
function grpcServiceOf({ grpc = false }: HealthCheck): string | undefined {
  if (typeof grpc === "string") return grpc;
  return grpc ? "" : undefined;
}

function inWords({ reason, remedy }: Verdict): string {
  return remedy === undefined ? reason : `${reason}; ${remedy}`;
}
