import { comparableHost, parentsOf } from "../http/host-pattern.ts";
import { Memo } from "../units/memo.ts";
import { PathTable } from "./path-table.ts";
import type { RoutePattern } from "./pattern.ts";

/** The tables of all hosts, found by a request's host and not by walking the hosts. */
export class HostTables<R extends RoutePattern> {
  /** The routes for every host. */
  readonly any = new PathTable<R>();
  readonly #names = new Map<string, PathTable<R>>();
  /** Of `*.example.com` under "example.com". */
  readonly #below = new Map<string, PathTable<R>>();
  /** By the Host as it was sent. */
  readonly #known = new Memo<readonly PathTable<R>[]>((host) => this.#find(comparableHost(host)), {
    most: 4096,
    longestKey: 256,
  });

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
    return this.#known.of(host);
  }

  #find(host: string): PathTable<R>[] {
    const names = parentsOf(host).map((parent) => this.#below.get(parent));
    return [this.#names.get(host), ...names, this.any].filter((table) => table !== undefined);
  }
}
