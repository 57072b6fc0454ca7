import type { Config, RouteConfig } from "../../config/schema.ts";
import type { Handler } from "../../pipeline/chain.ts";
import { DEFAULT_RULES } from "../../pipeline/exchange.ts";
import { Redirect } from "../../policies/answering/redirect.ts";
import { FixedAnswer } from "../../policies/answering/respond.ts";
import { Forwarding } from "../../proxy/forward.ts";
import type { Mirror } from "../../proxy/mirror/mirror.ts";
import { RouteTimeoutSets } from "../../proxy/route-timeouts.ts";
import type { ForwardSettings } from "../../proxy/settings.ts";
import { conditionsOfChoice } from "../../config/split-schema.ts";
import { SplitMemory } from "../../proxy/split/memory.ts";
import { Split } from "../../proxy/split/split.ts";
import { SplitWeights } from "../../proxy/split/weights.ts";
import { Interned } from "../../units/interned.ts";
import { RetryBudget } from "../../upstream/retry-budget.ts";
import { DEFAULT_COOKIE } from "../../upstream/sticky/schema.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease } from "../lifetimes.ts";
import { forwardSettings, type ReachingKeys, settingsKey } from "./forward-settings.ts";
import { Mirrors } from "./mirrors.ts";
import type { RouteEnd, SnapshotServices } from "./snapshot.ts";
import { Upstreams } from "./upstreams.ts";

const SPLIT_COOKIE = "gateway_split";

/** The ends of one configuration's routes; equal parts are shared. */
export class RouteEnds {
  readonly #server: Config["server"];
  readonly #services: SnapshotServices;
  readonly #lease: Lease;
  readonly #upstreams: Upstreams;
  readonly #settings = new Interned<ForwardSettings>();
  readonly #timeouts: RouteTimeoutSets;
  readonly #mirrors: Mirrors;

  constructor(config: Config, services: SnapshotServices, lease: Lease) {
    this.#server = config.server;
    this.#services = services;
    this.#lease = lease;
    this.#upstreams = new Upstreams(config, services, lease);
    this.#timeouts = new RouteTimeoutSets(services.clock);
    this.#mirrors = new Mirrors(this.#upstreams, services, lease);
  }

  of(route: RouteConfig, id: string): RouteEnd {
    if (route.redirect !== undefined) return answering(new Redirect(route.redirect));
    if (route.respond !== undefined) return answering(new FixedAnswer(route.respond));
    if (route.split !== undefined) return this.#splitEnd(route, route.split, id);
    const name = route.upstream;
    if (name !== undefined) {
      const { keys, upstream } = this.#upstreams.named(name);
      return this.#end(route, id, { upstream, name, settings: this.#settingsOf(route, keys) });
    }
    const settings = this.#settingsOf(route, route);
    const { upstream } = this.#upstreams.ofRoute(route, id, settings.tls);
    return this.#end(route, id, { upstream, name: "", settings });
  }

  #end(
    route: RouteConfig,
    id: string,
    { upstream, name, settings }: { upstream: Upstream; name: string; settings: ForwardSettings },
  ): RouteEnd {
    const mirrors = this.#mirrorsOf(route, id, settings);
    return {
      forward: this.#forwarding(upstream, settings, mirrors),
      upstreams: [upstream],
      upstreamName: name,
      outgoing: settings,
      mirrors,
    };
  }

  #splitEnd(route: RouteConfig, choices: NonNullable<RouteConfig["split"]>, id: string): RouteEnd {
    const key = JSON.stringify(choices.map(({ upstream, weight }) => [upstream, weight]));
    const weights = this.#lease.under("split", id)(key, () => new SplitWeights(choices));
    // Whose Host it is is settled when an upstream has been chosen.
    const outgoing = this.#settingsOf(route, { preserve_host: true });
    const mirrors = this.#mirrorsOf(route, id, outgoing);
    const opened = choices.map((choice) => ({ choice, ...this.#upstreams.named(choice.upstream) }));
    const split = new Split(
      opened.map(({ choice, keys, upstream }) => ({
        name: choice.upstream,
        conditions: conditionsOfChoice(choice),
        preserveHost: keys.preserve_host,
        forward: this.#forwarding(upstream, this.#settingsOf(route, keys), mirrors),
      })),
      weights,
      this.#services.random,
      this.#memoryOf(route, choices),
    );
    const upstreams = opened.map(({ upstream }) => upstream);
    return { forward: split, upstreams, upstreamName: "", outgoing, split, mirrors };
  }

  /** What clients' upstreams are remembered by; undefined if each request is a new draw. */
  #memoryOf(
    { sticky }: RouteConfig,
    choices: NonNullable<RouteConfig["split"]>,
  ): SplitMemory | undefined {
    if (sticky?.enabled !== true) return undefined;
    // Sticky upstreams below the split set the other one.
    const cookie = sticky.cookie === DEFAULT_COOKIE ? SPLIT_COOKIE : sticky.cookie;
    const names = choices.map(({ upstream }) => upstream);
    return new SplitMemory(names, { ...sticky, cookie }, this.#services);
  }

  #mirrorsOf(
    { mirror = [] }: RouteConfig,
    id: string,
    { timeouts }: ForwardSettings,
  ): readonly Mirror[] {
    return this.#mirrors.of(mirror, id, this.#timeouts.of(timeouts).response);
  }

  #settingsOf(route: RouteConfig, keys: ReachingKeys): ForwardSettings {
    return this.#settings.of(settingsKey(route, keys), () =>
      forwardSettings(route, this.#server, keys),
    );
  }

  #forwarding(
    upstream: Upstream,
    settings: ForwardSettings,
    mirrors: readonly Mirror[],
  ): Forwarding {
    const timeouts = this.#timeouts.of(settings.timeouts, settings.hedge?.after);
    if (settings.retry !== undefined || settings.hedge !== undefined) {
      upstream.retryBudget ??= new RetryBudget();
    }
    const { transport, clock, random, tunnels } = this.#services;
    const services = { transport, clock, random, tunnels };
    const isMirrored = mirrors.length > 0;
    return new Forwarding({
      upstream,
      settings,
      timeouts,
      mirrors: isMirrored ? mirrors : undefined,
      ...services,
    });
  }
}

/** The end of a route that sends nothing to a backend. */
function answering(forward: Handler): RouteEnd {
  return { forward, upstreams: [], upstreamName: "", outgoing: DEFAULT_RULES, mirrors: [] };
}
