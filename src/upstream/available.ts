import type { Backend } from "./backend.ts";

/** What happens to requests while no backend is healthy. */
export type WhenNoneHealthy = "fail" | "try_all";

/** The backends that get requests, in their order. */
export function availableOf(
  backends: readonly Backend[],
  whenNoneHealthy: WhenNoneHealthy,
): readonly Backend[] {
  const healthy = backends.filter(({ health }) => health.healthy);
  const pool = healthy.length === 0 && whenNoneHealthy === "try_all" ? backends : healthy;
  const staying = pool.filter(({ ejection }) => ejection?.isEjected !== true);
  // When the others have become unhealthy, those that are ejected are better than none.
  return staying.length === 0 ? pool : staying;
}
