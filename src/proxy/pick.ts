import type { Exchange } from "../pipeline/exchange.ts";
import type { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** For the first attempt. Throws a GatewayError if there is none. */
export function pickFirst(upstream: Upstream, exchange: Exchange): Backend {
  const backend = upstream.pick(exchange);
  if (backend?.isFull === false) return backend;
  const available = backend && upstream.pickAvailable(exchange, new Set([backend]));
  if (available === undefined) throw upstream.unavailable();
  return available;
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
  const other = upstream.pickAvailable(exchange, tried);
  if (other !== undefined) return other;
  tried.clear();
  tried.add(last);
  return upstream.pickAvailable(exchange, tried) ?? upstream.pickAvailable(exchange, NONE);
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
