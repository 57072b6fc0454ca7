import type { Keeper } from "../pipeline/keeping.ts";
import type { Clock } from "../time/clock.ts";
import { Load } from "./backend.ts";
import type { DiscoveryServices } from "./discovery/source.ts";
import { Ejection } from "./ejection/ejection.ts";
import type { EjectionConfig } from "./ejection/schema.ts";
import type { Health, HealthListener } from "./health/health.ts";

/** What an upstream's state at its backends depends on. */
export interface StateSettings {
  /** The upstream's. */
  readonly name: string;
  /** Undefined if none are ejected. */
  readonly ejection?: EjectionConfig | undefined;
}

export interface StateServices {
  readonly clock: Clock;
  readonly keeper: Keeper;
  readonly log: DiscoveryServices["log"];
}

/** What one upstream knows of one of its backends. */
export interface KeptState {
  readonly load: Load;
  readonly ejection: Ejection | undefined;
  /** To be called once, when the upstream does not have the backend any more. */
  readonly release: () => void;
}

/**
 * Acquires what an upstream knows of a backend. If another upstream of the same name replaces it, what
 * its settings leave as it was is kept.
 */
export function keptState(
  url: string,
  health: Health,
  settings: StateSettings,
  { clock, keeper, log }: StateServices,
): KeptState {
  const { name, ejection: ejecting } = settings;
  const subject = `upstream ${name}: backend ${url}`;
  const report = (level: "info" | "warn", message: string) => log(level, `${subject} ${message}`);
  const loadKey = JSON.stringify(["in flight", name, url]);
  const load = keeper.acquire(loadKey, () => new Load());
  if (ejecting === undefined) {
    return { load, ejection: undefined, release: () => keeper.release(loadKey) };
  }
  const ejectionKey = JSON.stringify(["ejection", name, url, ejecting]);
  const ejection = keeper.acquire(
    ejectionKey,
    () => new Ejection(ejecting.for, { clock, report }),
    (ended) => ended.close(),
  );
  const checks: HealthListener = { healthChanged() {}, proven: () => ejection.proven() };
  health.addListener(checks);
  return {
    load,
    ejection,
    release() {
      health.removeListener(checks);
      keeper.release(ejectionKey);
      keeper.release(loadKey);
    },
  };
}
