import { comparableHost, parentsOf } from "../http/host-pattern.ts";
import { PathTable } from "./path-table.ts";
import type { RoutePattern } from "./pattern.ts";

// Clients ask for the same hosts repeatedly.
const KNOWN_AT_MOST = 4096;
const LONGEST_KNOWN = 256;

/** The tables of all hosts, found by a request's host and not by walking the hosts. */
export class HostTables<R extends RoutePattern> {
  /** The routes for every host. */
  readonly any = new PathTable<R>();
  readonly #names = new Map<string, PathTable<R>>();
  /** Of `*.example.com` under "example.com". */
  readonly #below = new Map<string, PathTable<R>>();
  /** By the Host as it was sent. */
  readonly #known = new Map<string, readonly PathTable<R>[]>();

  /** The table of a host pattern, created if missing. To be called before any `of`. */
  table(host: string): PathTable<R> {
    const isWildcard = host.startsWith("*.");
    const tables = isWildcard ? this.#below : this.#names;
    const name = isWildcard ? host.slice(2) : host;
    let table = tables.get(name);
    if (table === undefined) tables.set(name, (table = new PathTable()));
    return table;
  }

  /**
   * The tables for a valid Host: its own, those of the wildcards that it is below, the longest first, and
   * the one for every host. At most one for each label of the host, and two.
   */
  of(host: string): readonly PathTable<R>[] {
    const known = this.#known.get(host);
    if (known !== undefined) return known;
    const found = this.#find(comparableHost(host));
    if (host.length > LONGEST_KNOWN) return found;
    if (this.#known.size >= KNOWN_AT_MOST) this.#known.clear();
    // A copy: the host may be a slice that keeps all of a header section in memory.
    this.#known.set(Buffer.from(host, "latin1").toString("latin1"), found);
    return found;
  }

  #find(host: string): PathTable<R>[] {
    const names = parentsOf(host).map((parent) => this.#below.get(parent));
    return [this.#names.get(host), ...names, this.any].filter((table) => table !== undefined);
  }
}
