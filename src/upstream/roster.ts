import type { Clock } from "../time/clock.ts";
import { type BackendConfig, checkBackendUrl } from "./backend-schema.ts";
import { Backend, type BackendAddress, destinationOf, readBackendAddress } from "./backend.ts";
import type { Balancer } from "./balancers/balancer.ts";
import { checkReach, type Reach } from "./destination.ts";
import type { DiscoverySource } from "./discovery/source.ts";
import type { HealthMonitor } from "./health/monitor.ts";
import type { HealthCheck } from "./health/schema.ts";
import { UpstreamLoad } from "./limits/upstream-load.ts";
import { DEFAULT_WAIT } from "./limits/schema.ts";
import { KeptState, type StateServices, type StateSettings } from "./kept-state.ts";
import type { StickyConfig } from "./sticky/schema.ts";
import type { StickyServices } from "./sticky/sticky-cookie.ts";
import { Sticky } from "./sticky/sticky.ts";
import { Upstream, type UpstreamLimits, type UpstreamSettings } from "./upstream.ts";

export interface RosterSettings
  extends Omit<UpstreamSettings, "slowStart" | "sticky" | "limits">, StateSettings {
  /** The upstream's name; its route if it has none. */
  readonly name: string;
  readonly sources: readonly DiscoverySource[];
  readonly balancer: Balancer;
  /** Milliseconds over which backends that come back get their weight; undefined and 0: at once. */
  readonly slowStart?: number | undefined;
  /** Undefined if clients do not stay with their backends. */
  readonly sticky?: StickyConfig | undefined;
  readonly limits?: LimitSettings | undefined;
  readonly healthCheck: HealthCheck;
  readonly reach: Reach;
  /** TLS settings for the backend at an origin; undefined without TLS. */
  readonly tls: (origin: string) => Bun.TLSOptions | undefined;
}

export interface RosterServices extends StateServices, StickyServices {
  readonly monitor: HealthMonitor;
}

/** Limits of an upstream as a whole. */
export interface LimitSettings {
  /** Undefined without a limit. */
  readonly maxInFlight?: number | undefined;
  /** Undefined if none may wait. */
  readonly maxWaiting?: number | undefined;
  /** In milliseconds. */
  readonly waitTimeout?: number | undefined;
}

/** A backend and its leases. */
interface Member {
  readonly backend: Backend;
  readonly config: BackendConfig;
  readonly state: KeptState;
}

/**
 * Keeps an upstream's backends as its discovery sources report them. Of those that stay, health and
 * state are kept; the state even if another upstream of the same name replaces this one.
 */
export class Roster {
  readonly upstream: Upstream;
  readonly #settings: RosterSettings;
  readonly #services: RosterServices;
  readonly #load: UpstreamLoad;
  /** The last report of each source, in their order. */
  readonly #reports: (readonly BackendConfig[])[];
  readonly #members = new Map<string, Member>();
  /** Backends left out of the last reports, so that each is logged once. */
  #leftOut = new Set<string>();
  /** Whether none of its backends was there before, as at the gateway's start. */
  #isFresh = true;
  #isClosed = false;

  constructor(settings: RosterSettings, services: RosterServices) {
    this.#settings = settings;
    this.#services = services;
    const { clock, keeper } = services;
    const { slowStart: duration = 0, sticky } = settings;
    this.#load = keeper.acquire(this.#loadKey, () => new UpstreamLoad());
    this.upstream = new Upstream([], settings.balancer, {
      ...settings,
      slowStart: duration > 0 ? { duration, clock } : undefined,
      sticky: sticky && ((balancer) => new Sticky(balancer, sticky, services)),
      limits: limitsOf(settings.limits, this.#load, clock),
    });
    this.#reports = settings.sources.map(() => []);
    try {
      for (const [index, source] of settings.sources.entries()) {
        let isFirst = true;
        source.open((backends) => {
          this.#reports[index] = backends;
          this.#update(isFirst);
          isFirst = false;
        });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Closes the sources and releases everything held for the backends. */
  close(): void {
    this.#isClosed = true;
    for (const source of this.#settings.sources) source.close();
    this.upstream.close();
    for (const member of this.#members.values()) this.#giveUp(member);
    this.#members.clear();
    this.#services.keeper.release(this.#loadKey);
  }

  get #loadKey(): string {
    return JSON.stringify(["upstream load", this.#settings.name]);
  }

  /** `isFirst`: a source has reported for the first time. */
  #update(isFirst: boolean): void {
    if (this.#isClosed) return;
    const added: Backend[] = [];
    const leftOut = new Set<string>();
    const listed = new Set<string>();
    const backends: Backend[] = [];
    for (const config of this.#reports.flat()) {
      const { url } = config;
      if (listed.has(url)) continue;
      const problem = this.#members.has(url) ? checkWeight(config) : this.#checkReported(config);
      if (problem !== undefined) {
        leftOut.add(this.#leaveOut(url, problem));
        continue;
      }
      listed.add(url);
      const member = this.#member(config, this.#members.get(url), added);
      this.#members.set(url, member);
      backends.push(member.backend);
    }
    for (const [url, member] of this.#members) {
      if (listed.has(url)) continue;
      this.#members.delete(url);
      this.#giveUp(member);
    }
    this.#leftOut = leftOut;
    const before = this.upstream.backends;
    const isChanged =
      backends.length !== before.length || backends.some((backend, at) => backend !== before[at]);
    // At the start all of them are new, whichever source reports first.
    const areAdded = !(isFirst && this.#isFresh);
    if (isChanged) this.upstream.change(backends, areAdded ? added : []);
  }

  /** Puts the backend into `added` if no upstream of this name had it. */
  #member(config: BackendConfig, before: Member | undefined, added: Backend[]): Member {
    if (before === undefined) {
      const member = this.#create(config);
      if (member.state.isNew) added.push(member.backend);
      else this.#isFresh = false;
      return member;
    }
    if (settingsOf(config) === settingsOf(before.config)) return before;
    const { backend, state } = before;
    return { config, state, backend: makeBackend(config, backend, backend) };
  }

  #create(config: BackendConfig): Member {
    const { monitor, keeper } = this.#services;
    const { url } = config;
    const address = keeper.acquire(addressKey(url), () => readBackendAddress(url));
    try {
      const { healthCheck, reach, tls } = this.#settings;
      const to = destinationOf(address, reach, tls(address.origin));
      const health = monitor.acquire({ url, basePath: address.basePath, to }, healthCheck);
      const known = { url, health, whole: this.#load };
      const state = new KeptState(known, this.#settings, this.#services);
      const { load, drain, ejection, breaker } = state;
      const parts = { health, load, drain, ejection, breaker, to };
      return { config, state, backend: makeBackend(config, address, parts) };
    } catch (error) {
      keeper.release(addressKey(url));
      throw error;
    }
  }

  /** Why a reported backend is invalid: it comes from outside and may be anything. */
  #checkReported(config: BackendConfig): string | undefined {
    const { url } = config;
    return checkBackendUrl(url) ?? checkReach(url, this.#settings.reach) ?? checkWeight(config);
  }

  #giveUp({ backend, state }: Member): void {
    state.release();
    this.#services.monitor.release(backend.health);
    this.#services.keeper.release(addressKey(backend.url));
  }

  #leaveOut(url: string, problem: string): string {
    const { name } = this.#settings;
    const message = `upstream ${name}: backend ${JSON.stringify(url)} is left out: ${problem}`;
    if (!this.#leftOut.has(message)) this.#services.log("warn", message);
    return message;
  }
}

/** Equal for what makes equal backends of one address. */
function settingsOf({ weight, max_in_flight, backup = false, labels = {} }: BackendConfig): string {
  return JSON.stringify([weight, max_in_flight, backup, labels]);
}

function checkWeight({ weight }: BackendConfig): string | undefined {
  return Number.isInteger(weight) && weight >= 1 && weight <= 1_000
    ? undefined
    : "a weight is a whole number from 1 to 1000";
}

function limitsOf(
  { maxInFlight, maxWaiting: most = 0, waitTimeout: timeout = DEFAULT_WAIT }: LimitSettings = {},
  load: UpstreamLoad,
  clock: Clock,
): UpstreamLimits | undefined {
  if (maxInFlight === undefined && most === 0) return undefined;
  return { load, maxInFlight, waiting: most === 0 ? undefined : { most, timeout, clock } };
}

function addressKey(url: string): string {
  return `address ${url}`;
}

function makeBackend(
  { weight, max_in_flight: maxInFlight, backup: isBackup, labels }: BackendConfig,
  address: BackendAddress,
  { health, load, drain, ejection, breaker, to }: BackendParts,
): Backend {
  const settings = { weight, maxInFlight, isBackup, labels };
  return new Backend({ address, ...settings, health, load, drain, ejection, breaker, to });
}

/** What a backend keeps when its settings change. */
type BackendParts = Pick<Backend, "health" | "load" | "drain" | "ejection" | "breaker" | "to">;
