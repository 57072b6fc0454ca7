import type { Config, RouteConfig } from "../../config/schema.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease } from "../lifetimes.ts";
import { BackendTls } from "./backend-tls.ts";
import { tlsOptions } from "./forward-settings.ts";
import type { SnapshotServices } from "./snapshot.ts";
import { createUpstream, type UpstreamOwner } from "./upstream.ts";

type UpstreamKeys = NonNullable<Config["upstreams"]>[string];

/** An upstream and the keys it was made of. */
export interface OpenUpstream {
  readonly keys: UpstreamKeys;
  readonly upstream: Upstream;
}

/** The upstreams of one configuration: the named ones, each once, and those of single routes. */
export class Upstreams {
  readonly #config: Config;
  readonly #services: SnapshotServices;
  readonly #lease: Lease;
  readonly #backendTls = new BackendTls();
  readonly #named: ReadonlyMap<string, OpenUpstream>;

  constructor(config: Config, services: SnapshotServices, lease: Lease) {
    this.#config = config;
    this.#services = services;
    this.#lease = lease;
    this.#named = new Map(
      Object.entries(config.upstreams ?? {}).map(([name, keys]) => [
        name,
        this.#open(keys, { kind: "upstream", name }, tlsOptions(keys)),
      ]),
    );
  }

  /** Throws an Error if there is none; the configuration has been checked. */
  named(name: string): OpenUpstream {
    const found = this.#named.get(name);
    if (found === undefined) throw new Error(`there is no upstream ${name}`);
    return found;
  }

  /** A route's own. `tls`: its TLS settings, one object for routes with equal ones. */
  ofRoute(route: RouteConfig, id: string, tls: Bun.TLSOptions | undefined): OpenUpstream {
    return this.#open(route, { kind: "route", name: id }, tls);
  }

  #open(keys: UpstreamKeys, owner: UpstreamOwner, tls: Bun.TLSOptions | undefined): OpenUpstream {
    const surroundings = {
      globalHealthCheck: this.#config.health_check,
      settings: { tls },
      backendTls: this.#backendTls,
    };
    return {
      keys,
      upstream: createUpstream(keys, owner, surroundings, this.#services, this.#lease),
    };
  }
}
