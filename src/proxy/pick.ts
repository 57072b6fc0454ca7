import type { Exchange } from "../pipeline/exchange.ts";
import { isAvailable } from "../upstream/available.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";

/**
 * For the first attempt; undefined if there is none now. `isPersistent`: a backend that is only suspected
 * to be down is better than none.
 */
export function pickFirst(
  upstream: Upstream,
  exchange: Exchange,
  isPersistent: boolean,
): Backend | undefined {
  if (upstream.isFull) return undefined;
  const backend = upstream.pick(exchange);
  if (backend?.isFull === false) return backend;
  return (
    (backend && upstream.pickAvailable(exchange, new Set([backend]))) ??
    (isPersistent ? suspected(upstream) : undefined)
  );
}

/**
 * For a retry: another backend while there is one, then those that were tried before, the last one only
 * if there is no other. `tried` begins again with each round.
 */
export function pickAgain(
  upstream: Upstream,
  exchange: Exchange,
  tried: Set<Backend>,
  last: Backend,
): Backend | undefined {
  if (upstream.isFull) return undefined;
  const other = upstream.pickAvailable(exchange, tried) ?? suspected(upstream, tried);
  if (other !== undefined) return other;
  tried.clear();
  tried.add(last);
  return (
    upstream.pickAvailable(exchange, tried) ??
    upstream.pickAvailable(exchange) ??
    suspected(upstream)
  );
}

/**
 * Of the backends that requests could not reach a moment ago, and that no check has found to be down
 * since, the one with the fewest requests: while all of an upstream's backends are restarted one after
 * another, some of them are back, and nobody knows it yet.
 */
function suspected({ backends }: Upstream, except?: ReadonlySet<Backend>): Backend | undefined {
  let least: Backend | undefined;
  for (const backend of backends) {
    const { health, drain, isFull, inFlight } = backend;
    if (except?.has(backend) === true || isFull || drain.isOn) continue;
    if (health.healthy || health.consecutiveFailures > 0) continue;
    if (least === undefined || inFlight < least.inFlight) least = backend;
  }
  return least;
}

/** Whether there seems to be a backend with room for a request that has not been tried. */
export function hasUntried({ backends }: Upstream, tried: ReadonlySet<Backend>): boolean {
  return backends.some((backend) => !backend.isFull && !tried.has(backend) && isAvailable(backend));
}

/** Whether all backends that have not been tried, and get requests, have no room at the time. */
export function areOthersFull({ backends }: Upstream, tried: ReadonlySet<Backend>): boolean {
  const others = backends.filter((backend) => !tried.has(backend) && isAvailable(backend));
  return others.length > 0 && others.every(({ isFull }) => isFull);
}
