import type { Backend } from "./backend.ts";

/** What happens to requests while no backend is healthy. */
export type WhenNoneHealthy = "fail" | "try_all";

/** Which of an upstream's backends get requests; each in their order. */
export interface Availability {
  readonly inUse: readonly Backend[];
  /** Backups that are not in use, because others are. */
  readonly reserve: readonly Backend[];
}

/** The healthy backends, or those that are tried in their place; none that is drained. */
export function healthyOf(
  backends: readonly Backend[],
  whenNoneHealthy: WhenNoneHealthy,
): readonly Backend[] {
  const open = backends.filter(({ drain }) => !drain.isOn);
  const healthy = open.filter(({ health }) => health.healthy);
  return healthy.length === 0 && whenNoneHealthy === "try_all" ? open : healthy;
}

export function availableOf(
  backends: readonly Backend[],
  whenNoneHealthy: WhenNoneHealthy,
): Availability {
  const passing = healthyOf(backends, whenNoneHealthy).filter(
    ({ breaker }) => breaker?.isOpen !== true,
  );
  const staying = passing.filter(({ ejection }) => ejection?.isEjected !== true);
  // When the others get none, those that are ejected are better than an error.
  const available = staying.length === 0 ? passing : staying;
  const normal = available.filter(({ isBackup }) => !isBackup);
  if (normal.length === 0 || normal.length === available.length) {
    return { inUse: available, reserve: [] };
  }
  return { inUse: normal, reserve: available.filter(({ isBackup }) => isBackup) };
}

/** Whether nothing that is known of a backend keeps requests from it. */
export function isAvailable({ health, drain, ejection, breaker }: Backend): boolean {
  return health.healthy && !drain.isOn && ejection?.isEjected !== true && breaker?.isOpen !== true;
}
