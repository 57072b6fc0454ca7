import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import type { Clock } from "../time/clock.ts";

/** Resolves names to addresses. */
export interface Resolver {
  /** All addresses of a name, the best first. Rejects if there are none. */
  addresses(name: string): Promise<readonly string[]>;
  /** Milliseconds for which they are valid; undefined if unknown. Never rejects. */
  lifetime(name: string): Promise<number | undefined>;
}

/** The system's way: /etc/hosts, search domains, and the order of RFC 6724. It has no cache of its own. */
export const systemResolver: Resolver = {
  async addresses(name) {
    if (LOCALHOST.test(name)) return loopback(name);
    return lookUp(name);
  },
  async lifetime(name) {
    try {
      // Only this function returns TTLs; 0 for names from a file.
      const found = await Bun.dns.lookup(name, { backend: "c-ares" });
      return Math.min(...found.map(({ ttl }) => ttl)) * 1000;
    } catch {
      return undefined;
    }
  },
};

const LOCALHOST = /(?:^|\.)localhost\.?$/i;

/** Both loopback addresses, whatever the system knows of them (RFC 6761 section 6.3). */
async function loopback(name: string): Promise<string[]> {
  const found = await lookUp(name).catch(() => []);
  return [...new Set([...found, "127.0.0.1", "::1"])];
}

async function lookUp(name: string): Promise<string[]> {
  const found = await dns.lookup(name, { all: true, order: "verbatim" });
  return found.map(({ address }) => address);
}

/** Bounds of the milliseconds for which addresses count as valid, whatever DNS says. */
const SHORTEST = 5_000;
const LONGEST = 30_000;

/**
 * Minimum milliseconds between two lookups of a name, so that refusals under load do not each cause
 * one.
 */
const AT_MOST_EVERY = 1_000;

/** The names in use, each looked up separately. */
export class Names {
  readonly #clock: Clock;
  readonly #resolver: Resolver;
  readonly #names = new Map<string, Name>();

  constructor(clock: Clock, resolver: Resolver = systemResolver) {
    this.#clock = clock;
    this.#resolver = resolver;
  }

  of(hostname: string): Name {
    let name = this.#names.get(hostname);
    if (name === undefined) {
      this.#forgetOld();
      name = new Name(hostname, this.#clock, this.#resolver);
      this.#names.set(hostname, name);
    }
    return name;
  }

  #forgetOld(): void {
    for (const [hostname, name] of this.#names) if (name.isStale) this.#names.delete(hostname);
  }
}

/** Called with a name's current addresses. */
export type OnMoved = (addresses: readonly string[]) => void;

/** A name and its addresses. While it is watched, it is looked up again whenever they expire. */
export class Name {
  readonly #hostname: string;
  readonly #clock: Clock;
  readonly #resolver: Resolver;
  readonly #watchers = new Set<OnMoved>();
  /** Addresses that have not accepted a connection since the last lookup. */
  readonly #failed = new Set<string>();
  #addresses: readonly string[] = [];
  #goodUntil = Number.NEGATIVE_INFINITY;
  #lookedUpAt = Number.NEGATIVE_INFINITY;
  #underWay: Promise<readonly string[]> | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(hostname: string, clock: Clock, resolver: Resolver) {
    this.#hostname = hostname;
    this.#clock = clock;
    this.#resolver = resolver;
  }

  /** Whether it is not watched and its addresses have expired. */
  get isStale(): boolean {
    return this.#watchers.size === 0 && this.#underWay === undefined && !this.#isGood;
  }

  /** At once if they are known, otherwise from a lookup. Those that failed come last. */
  addresses(): readonly string[] | Promise<readonly string[]> {
    if (!this.#isGood) return this.lookUp();
    if (this.#failed.size === 0) return this.#addresses;
    const isWell = (address: string) => !this.#failed.has(address);
    const isFailed = (address: string) => this.#failed.has(address);
    return [...this.#addresses.filter(isWell), ...this.#addresses.filter(isFailed)];
  }

  /** Whether the last lookup returned an address; true if there was none. */
  has(address: string): boolean {
    return this.#addresses.length === 0 || this.#addresses.includes(address);
  }

  /**
   * Looks the name up, once for all callers meanwhile and within a second. If that fails, the known
   * addresses stay.
   */
  lookUp(): Promise<readonly string[]> {
    const isRecent = this.#clock.monotonic() < this.#lookedUpAt + AT_MOST_EVERY;
    if (isRecent && this.#addresses.length > 0) return Promise.resolve(this.#addresses);
    this.#underWay ??= this.#lookUp().finally(() => {
      this.#underWay = undefined;
      this.#lookedUpAt = this.#clock.monotonic();
      this.#refreshLater();
    });
    return this.#underWay;
  }

  /** The address did not accept a connection. */
  failedAt(address: string): void {
    this.#failed.add(address);
  }

  /** Keeps the addresses good until `unwatch`. */
  watch(onMoved: OnMoved): void {
    if (!this.#isGood) this.#addresses = [];
    this.#watchers.add(onMoved);
    if (this.#cancelTimer === undefined) this.#refreshLater();
  }

  unwatch(onMoved: OnMoved): void {
    this.#watchers.delete(onMoved);
    if (this.#watchers.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  get #isGood(): boolean {
    // While there are watchers, the next lookup starts before the addresses are needed.
    const isWatched = this.#watchers.size > 0 && this.#addresses.length > 0;
    return isWatched || this.#clock.monotonic() < this.#goodUntil;
  }

  async #lookUp(): Promise<readonly string[]> {
    try {
      const found = alternating(await this.#resolver.addresses(this.#hostname));
      this.#failed.clear();
      this.#addresses = found;
      this.#goodUntil = this.#clock.monotonic() + LONGEST;
      void this.#shorten(found);
      for (const onMoved of this.#watchers) onMoved(found);
    } catch (error) {
      if (this.#addresses.length === 0) throw error;
      this.#goodUntil = this.#clock.monotonic() + SHORTEST;
    }
    return this.#addresses;
  }

  /** Not awaited: a connection is being opened meanwhile. */
  async #shorten(found: readonly string[]): Promise<void> {
    const lifetime = await this.#resolver.lifetime(this.#hostname);
    if (lifetime === undefined || this.#addresses !== found) return;
    const bounded = Math.min(Math.max(lifetime, SHORTEST), LONGEST);
    this.#goodUntil += bounded - LONGEST;
    this.#refreshLater();
  }

  /** While there are watchers, so that none of their requests waits for a lookup. */
  #refreshLater(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#watchers.size === 0 || this.#addresses.length === 0) return;
    const left = Math.max(0, this.#goodUntil - this.#clock.monotonic());
    this.#cancelTimer = this.#clock.schedule(left, () => {
      this.#cancelTimer = undefined;
      this.lookUp().catch(() => {});
    });
  }
}

/**
 * The addresses of both families in turn, beginning with the first one's (RFC 8305 section 4), so that
 * several unreachable ones of one family do not come before the first of the other.
 */
function alternating(addresses: readonly string[]): readonly string[] {
  const [first = ""] = addresses;
  const family = isIP(first);
  const others = addresses.filter((address) => isIP(address) !== family);
  if (others.length === 0) return addresses;
  const own = addresses.filter((address) => isIP(address) === family);
  const turns = Math.max(own.length, others.length);
  return Array.from({ length: turns }, (_, turn) =>
    [own[turn], others[turn]].filter((address) => address !== undefined),
  ).flat();
}
