import { Checker, type CheckerServices } from "./checker.ts";
import { tlsKey } from "../tls-key.ts";
import { CheckedHealth, type Health } from "./health.ts";
import type { Probe } from "./probe.ts";
import type { HealthCheck } from "./schema.ts";

/** Up to this many backends are all checked at once in the beginning. */
const ALL_AT_ONCE = 50;
/** With more of them, the first checks are spread over so many milliseconds for each. */
const SPREAD_MS = 2;

/** A backend's health has changed. */
export interface HealthChange {
  /** The backend's, as the configuration has it. */
  readonly url: string;
  readonly healthy: boolean;
  /** What the deciding check came to, in words: "answered 200", "connection refused". */
  readonly reason: string;
  /** How many checks have failed in a row; 0 when it has become healthy. */
  readonly failures: number;
}

interface Entry {
  readonly key: string;
  readonly health: CheckedHealth;
  readonly checker: Checker;
  /** Whether its settings have it checked at all. */
  readonly enabled: boolean;
  users: number;
}

/**
 * Owns the checkers: one for each distinct backend and settings, however many routes and snapshots
 * share it. A snapshot that acquires before its predecessor releases finds each unchanged backend
 * with the health that it had.
 */
export class HealthMonitor {
  readonly #services: CheckerServices;
  readonly #onChange: (change: HealthChange) => void;
  readonly #byKey = new Map<string, Entry>();
  readonly #byHealth = new Map<Health, Entry>();
  #running = false;

  /** `random` is evenly spread over [0, 1). */
  constructor(world: {
    clock: CheckerServices["clock"];
    random: () => number;
    probe: Probe;
    onChange: (change: HealthChange) => void;
  }) {
    this.#services = {
      clock: world.clock,
      random: world.random,
      probe: world.probe,
    };
    this.#onChange = world.onChange;
  }

  /**
   * The health of the backend at `url`, checked from now on if the monitor is running. `tls` says how
   * TLS is done with an https backend.
   */
  acquire(url: string, settings: HealthCheck, tls?: Bun.TLSOptions): Health {
    const key = keyOf(url, settings, tls);
    let entry = this.#byKey.get(key);
    if (entry === undefined) {
      entry = this.#create(key, url, settings, tls);
      this.#byKey.set(key, entry);
      this.#byHealth.set(entry.health, entry);
      this.#startOne(entry);
    }
    entry.users += 1;
    return entry.health;
  }

  /** Gives back what `acquire` gave, once for each time; the last one ends the checks. */
  release(health: Health): void {
    const entry = this.#byHealth.get(health);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.checker.stop();
    this.#byKey.delete(entry.key);
    this.#byHealth.delete(health);
  }

  /** Begins to check every backend. */
  start(): void {
    this.#running = true;
    for (const entry of this.#byKey.values()) this.#startOne(entry);
  }

  /** Ends all checks, those under way too. Each health stays as it is. */
  stop(): void {
    this.#running = false;
    for (const entry of this.#byKey.values()) entry.checker.stop();
  }

  #create(key: string, url: string, settings: HealthCheck, tls: Bun.TLSOptions | undefined): Entry {
    const health = new CheckedHealth(settings);
    const checker = new Checker({
      // At the root: a base path is where the backend's API is, not where it tells of its health.
      url: new URL(url).origin + settings.path,
      tls,
      settings,
      health,
      services: this.#services,
      onChange: (reason) =>
        this.#onChange({
          url,
          healthy: health.healthy,
          reason,
          failures: health.consecutiveFailures,
        }),
    });
    return { key, health, checker, enabled: settings.enabled, users: 0 };
  }

  #startOne(entry: Entry): void {
    if (!this.#running || !entry.enabled) return;
    const count = this.#byKey.size;
    entry.checker.start(count > ALL_AT_ONCE ? this.#services.random() * SPREAD_MS * count : 0);
  }
}

function keyOf(url: string, settings: HealthCheck, tls: Bun.TLSOptions | undefined): string {
  return JSON.stringify([
    new URL(url).href,
    settings.enabled,
    settings.path,
    settings.interval,
    settings.timeout,
    settings.unhealthy_after,
    settings.healthy_after,
    tls === undefined ? undefined : tlsKey(tls),
  ]);
}
