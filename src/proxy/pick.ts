import type { Exchange } from "../pipeline/exchange.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";

/**
 * For the first attempt. Throws a GatewayError if there is none. `isPersistent`: a backend that is only
 * suspected to be down is better than none.
 */
export function pickFirst(upstream: Upstream, exchange: Exchange, isPersistent: boolean): Backend {
  const backend = upstream.pick(exchange);
  if (backend?.isFull === false) return backend;
  const other =
    (backend && upstream.pickAvailable(exchange, new Set([backend]))) ??
    (isPersistent ? suspected(upstream, NONE) : undefined);
  if (other === undefined) throw upstream.unavailable();
  return other;
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
  const other = upstream.pickAvailable(exchange, tried) ?? suspected(upstream, tried);
  if (other !== undefined) return other;
  tried.clear();
  tried.add(last);
  return (
    upstream.pickAvailable(exchange, tried) ??
    upstream.pickAvailable(exchange, NONE) ??
    suspected(upstream, NONE)
  );
}

/**
 * Of the backends that requests could not reach a moment ago, and that no check has found to be down
 * since, the one with the fewest requests: while all of an upstream's backends are restarted one after
 * another, some of them are back, and nobody knows it yet.
 */
function suspected({ backends }: Upstream, except: ReadonlySet<Backend>): Backend | undefined {
  let least: Backend | undefined;
  for (const backend of backends) {
    const { health, isFull, inFlight } = backend;
    if (health.healthy || health.consecutiveFailures > 0 || isFull || except.has(backend)) continue;
    if (least === undefined || inFlight < least.inFlight) least = backend;
  }
  return least;
}

/** Whether there seems to be a backend that has not been tried. */
export function hasUntried({ backends }: Upstream, tried: ReadonlySet<Backend>): boolean {
  return backends.some(
    (backend) =>
      backend.health.healthy &&
      backend.ejection?.isEjected !== true &&
      !backend.isFull &&
      !tried.has(backend),
  );
}

const NONE: ReadonlySet<Backend> = new Set();
