import type { Exchange } from "../../../src/pipeline/exchange.ts";
import type { Transport } from "../../../src/transport/attempt.ts";
import { Forwarding } from "../../../src/proxy/forward.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { Tunnels } from "../../../src/proxy/tunnel/tunnel.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Load, UpstreamLoad } from "../../../src/upstream/limits/upstream-load.ts";
import { RetryBudget } from "../../../src/upstream/retry-budget.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { asResponse } from "../pipeline/answers.ts";
import { network, type Sent } from "./network.ts";
import { type Changes, settingsWith } from "./settings.ts";

export function forwarding(
  answer: (sent: Sent) => Response | Promise<Response>,
  changes: ForwardingChanges = {},
) {
  const { transport, sent } = network(answer);
  return { sent, ...forwardingBy(transport, changes) };
}

export interface ForwardingChanges extends Changes {
  readonly url?: string;
  /** One for each of several backends. */
  readonly maxInFlight?: number[];
  /** Of the upstream; requests wait for a second. */
  readonly limits?: { readonly maxInFlight?: number; readonly maxWaiting?: number };
  /** What all random numbers are. */
  readonly random?: number;
}

export function forwardingBy(transport: Transport, changes: ForwardingChanges) {
  const {
    url = "http://backend.test:9001",
    maxInFlight,
    limits = {},
    random = 0.5,
    ...settings
  } = changes;
  const health = new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 });
  const clock = new FakeClock();
  const load = new UpstreamLoad();
  const backends = maxInFlight?.map(
    (most, index) =>
      new Backend({
        address: readBackendAddress(`http://backend${index}.test`),
        weight: 1,
        health: new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 }),
        load: new Load(load),
        maxInFlight: most,
      }),
  ) ?? [new Backend({ address: readBackendAddress(url), weight: 1, health })];
  const tunnels = new Tunnels();
  const route = settingsWith(settings);
  const timeouts = new RouteTimeoutSets(clock).of(route.timeouts, route.hedge?.after);
  const { maxWaiting: most } = limits;
  const upstream = new Upstream(backends, new RoundRobin(), {
    limits: {
      load,
      maxInFlight: limits.maxInFlight,
      waiting: most === undefined ? undefined : { most, timeout: 1_000, clock },
    },
  });
  if (route.retry !== undefined || route.hedge !== undefined) {
    upstream.retryBudget = new RetryBudget();
  }
  const services = { transport, clock, random: () => random, tunnels };
  const forwarding = new Forwarding({ upstream, settings: route, timeouts, ...services });
  const forward = async (exchange: Exchange) => {
    exchange.outgoingRules = route;
    try {
      return asResponse(await forwarding.handle(exchange), exchange);
    } catch (error) {
      exchange.ended();
      throw error;
    }
  };
  return { clock, health, backends, upstream, load, tunnels, forward };
}
