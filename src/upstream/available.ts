import type { Backend } from "./backend.ts";

/** What happens to requests while no backend is healthy. */
export type WhenNoneHealthy = "fail" | "try_all";

/** The healthy backends, or those that are tried in their place. */
export function healthyOf(
  backends: readonly Backend[],
  whenNoneHealthy: WhenNoneHealthy,
): readonly Backend[] {
  const healthy = backends.filter(({ health }) => health.healthy);
  return healthy.length === 0 && whenNoneHealthy === "try_all" ? backends : healthy;
}

/** The backends that get requests, in their order. */
export function availableOf(
  backends: readonly Backend[],
  whenNoneHealthy: WhenNoneHealthy,
): readonly Backend[] {
  const passing = healthyOf(backends, whenNoneHealthy).filter(
    ({ breaker }) => breaker?.isOpen !== true,
  );
  const staying = passing.filter(({ ejection }) => ejection?.isEjected !== true);
  // When the others get none, those that are ejected are better than an error.
  return staying.length === 0 ? passing : staying;
}
