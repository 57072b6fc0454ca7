import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import type { Balancer } from "../../../src/upstream/balancers/balancer.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { openExchange } from "../pipeline/opening.ts";

/** For picks that do not depend on it. */
export const anExchange: Exchange = openExchange();

/** A backend with the switch to its health. */
export interface Switched {
  readonly backend: Backend;
  turn(healthy: boolean): void;
}

/** Backends named by letters, "http://a0:9000" first, whose health a test turns on and off. */
export function switchedPool(...weights: number[]): Switched[] {
  return weights.map((weight, index) => {
    const health = new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 });
    const url = `http://${String.fromCharCode(97 + (index % 26))}${index}:9000`;
    return {
      backend: new Backend({ address: readBackendAddress(url), weight, health }),
      turn: (healthy) => (healthy ? health.succeeded(0) : health.failed(0, "connection refused")),
    };
  });
}

export function pool(...weights: number[]): Backend[] {
  return switchedPool(...weights).map(({ backend }) => backend);
}

/** How many of so many picks each backend got. */
export function tally(balancer: Balancer, count: number): Map<Backend, number> {
  const counts = new Map<Backend, number>();
  for (let picked = 0; picked < count; picked += 1) {
    const backend = balancer.pick(anExchange)!;
    counts.set(backend, (counts.get(backend) ?? 0) + 1);
  }
  return counts;
}

/** The letters of the next `count` backends; "-" where there is none. */
export function letters(count: number, pick: () => Backend | undefined): string {
  return Array.from({ length: count }, () => pick()?.url.slice("http://".length)[0] ?? "-").join(
    "",
  );
}
