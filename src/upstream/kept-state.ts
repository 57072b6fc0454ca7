import type { Keeper } from "../pipeline/keeping.ts";
import type { Clock } from "../time/clock.ts";
import { CircuitBreaker } from "./breaker/breaker.ts";
import type { BreakerConfig } from "./breaker/schema.ts";
import { Drain } from "./drain.ts";
import type { DiscoveryServices } from "./discovery/source.ts";
import { Ejection } from "./ejection/ejection.ts";
import type { EjectionConfig } from "./ejection/schema.ts";
import type { Health, HealthListener } from "./health/health.ts";
import { Load, type UpstreamLoad } from "./limits/upstream-load.ts";

/** What an upstream's state at its backends depends on. */
export interface StateSettings {
  /** The upstream's. */
  readonly name: string;
  /** Undefined if none are ejected. */
  readonly ejection?: EjectionConfig | undefined;
  /** Undefined if there are no circuit breakers. */
  readonly breaker?: BreakerConfig | undefined;
}

export interface StateServices {
  readonly clock: Clock;
  readonly keeper: Keeper;
  readonly log: DiscoveryServices["log"];
}

/**
 * What an upstream knows of one of its backends. If another upstream of the same name replaces it, what
 * its settings leave as it was is kept.
 */
export class KeptState {
  readonly load: Load;
  /** It stays until an operator ends it, or the backend leaves. */
  readonly drain: Drain;
  /** Whether no upstream of this name had the backend. */
  readonly isNew: boolean;
  readonly ejection: Ejection | undefined;
  readonly breaker: CircuitBreaker | undefined;
  readonly #url: string;
  readonly #health: Health;
  readonly #settings: StateSettings;
  readonly #services: StateServices;
  readonly #keys: string[] = [];
  readonly #checks: HealthListener = {
    healthChanged() {},
    proven: () => this.ejection?.proven(),
  };

  /** `whole`: the load that the backend's is a part of. */
  constructor(
    { url, health, whole }: { url: string; health: Health; whole: UpstreamLoad },
    settings: StateSettings,
    services: StateServices,
  ) {
    this.#url = url;
    this.#health = health;
    this.#settings = settings;
    this.#services = services;
    let isNew = false;
    this.load = this.#acquire("in flight", undefined, () => {
      isNew = true;
      return new Load(whole);
    });
    this.isNew = isNew;
    this.drain = this.#acquire("drain", undefined, () => new Drain());
    this.ejection = this.#ejection();
    this.breaker = this.#breaker();
    if (this.ejection !== undefined) health.addListener(this.#checks);
  }

  /** To be called once, when the upstream does not have the backend any more. */
  release(): void {
    this.#health.removeListener(this.#checks);
    for (const key of this.#keys.splice(0)) this.#services.keeper.release(key);
  }

  #ejection(): Ejection | undefined {
    const { ejection, name } = this.#settings;
    if (ejection === undefined) return undefined;
    const report = this.#reporter(`upstream ${name}: backend ${this.#url}`);
    const { clock } = this.#services;
    const make = () => new Ejection(ejection.for, { clock, report });
    return this.#acquire("ejection", ejection, make, (ended) => ended.giveUp());
  }

  #breaker(): CircuitBreaker | undefined {
    const { breaker, name } = this.#settings;
    if (breaker === undefined) return undefined;
    const report = this.#reporter(`upstream ${name}: the circuit breaker of ${this.#url}`);
    const { clock } = this.#services;
    const make = () => new CircuitBreaker(breaker, { clock, report });
    return this.#acquire("circuit breaker", breaker, make, (ended) => ended.giveUp());
  }

  #reporter(subject: string) {
    const { log } = this.#services;
    return (level: "info" | "warn", message: string) => log(level, `${subject} ${message}`);
  }

  /** `settings` is what the state depends on. */
  #acquire<State>(
    kind: string,
    settings: unknown,
    make: () => State,
    end?: (state: State) => void,
  ): State {
    const key = JSON.stringify([kind, this.#settings.name, this.#url, settings]);
    const state = this.#services.keeper.acquire(key, make, end);
    this.#keys.push(key);
    return state;
  }
}
