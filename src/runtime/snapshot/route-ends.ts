import type { Config, RouteConfig } from "../../config/schema.ts";
import type { Handler } from "../../pipeline/chain.ts";
import { DEFAULT_RULES } from "../../pipeline/exchange.ts";
import { Redirect } from "../../policies/answering/redirect.ts";
import { FixedAnswer } from "../../policies/answering/respond.ts";
import { Forwarding } from "../../proxy/forward.ts";
import { RouteTimeoutSets } from "../../proxy/route-timeouts.ts";
import type { ForwardSettings } from "../../proxy/settings.ts";
import { Interned } from "../../units/interned.ts";
import { RetryBudget } from "../../upstream/retry-budget.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease } from "../lifetimes.ts";
import { forwardSettings, type ReachingKeys, settingsKey } from "./forward-settings.ts";
import type { RouteEnd, SnapshotServices } from "./snapshot.ts";
import { Upstreams } from "./upstreams.ts";

/** The ends of one configuration's routes; equal parts are shared. */
export class RouteEnds {
  readonly #server: Config["server"];
  readonly #services: SnapshotServices;
  readonly #upstreams: Upstreams;
  readonly #settings = new Interned<ForwardSettings>();
  readonly #timeouts: RouteTimeoutSets;

  constructor(config: Config, services: SnapshotServices, lease: Lease) {
    this.#server = config.server;
    this.#services = services;
    this.#upstreams = new Upstreams(config, services, lease);
    this.#timeouts = new RouteTimeoutSets(services.clock);
  }

  of(route: RouteConfig, id: string): RouteEnd {
    if (route.redirect !== undefined) return answering(new Redirect(route.redirect));
    if (route.respond !== undefined) return answering(new FixedAnswer(route.respond));
    if (route.upstream !== undefined) {
      const { keys, upstream } = this.#upstreams.named(route.upstream);
      return this.#forwarding(upstream, this.#settingsOf(route, keys));
    }
    const settings = this.#settingsOf(route, route);
    const { upstream } = this.#upstreams.ofRoute(route, id, settings.tls);
    return this.#forwarding(upstream, settings);
  }

  #settingsOf(route: RouteConfig, keys: ReachingKeys): ForwardSettings {
    return this.#settings.of(settingsKey(route, keys), () =>
      forwardSettings(route, this.#server, keys),
    );
  }

  #forwarding(upstream: Upstream, settings: ForwardSettings): RouteEnd {
    const timeouts = this.#timeouts.of(settings.timeouts);
    if (settings.retry !== undefined || settings.hedge !== undefined) {
      upstream.retryBudget ??= new RetryBudget();
    }
    const { transport, clock, random, tunnels } = this.#services;
    const services = { transport, clock, random, tunnels };
    return {
      forward: new Forwarding({ upstream, settings, timeouts, ...services }),
      upstreams: [upstream],
      outgoing: settings,
    };
  }
}

/** The end of a route that sends nothing to a backend. */
function answering(forward: Handler): RouteEnd {
  return { forward, upstreams: [], outgoing: DEFAULT_RULES };
}
