import type { Backend } from "../../../src/upstream/backend.ts";
import type { Balancer } from "../../../src/upstream/balancers/balancer.ts";
import type { FakeClock } from "../../support/fake-clock.ts";
import { anExchange } from "./pool.ts";

/** How one request at a backend ends. */
export interface Service {
  readonly milliseconds: number;
  readonly hasFailed?: boolean;
}

/**
 * Requests that come one after another, whether or not earlier ones have been answered, as users of the
 * internet send them. The returned function sends so many, so many a second, and says how many of them
 * each backend got.
 */
export function traffic(
  balancer: Balancer,
  {
    clock,
    random,
    serve,
  }: {
    readonly clock: FakeClock;
    readonly random: () => number;
    readonly serve: (backend: Backend) => Service;
  },
) {
  return (count: number, perSecond: number): Map<Backend, number> => {
    const counts = new Map<Backend, number>();
    for (let request = 0; request < count; request += 1) {
      clock.advance((-Math.log(1 - random()) * 1_000) / perSecond);
      const backend = balancer.pick(anExchange);
      if (backend === undefined) throw new Error("there is no backend");
      counts.set(backend, (counts.get(backend) ?? 0) + 1);
      const { milliseconds, hasFailed = false } = serve(backend);
      backend.inFlight += 1;
      clock.schedule(milliseconds, () => {
        backend.inFlight -= 1;
        balancer.answered?.(backend, milliseconds, hasFailed);
      });
    }
    return counts;
  };
}
