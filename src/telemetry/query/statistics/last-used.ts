import { beginOf, DAY } from "../../rollups/steps.ts";
import type { Query } from "../query.ts";
import { type RollupView, viewOf } from "./view.ts";

/** When something was used, as far back as rollups are kept or, for `series`, was since it was first used. */
export interface Use {
  readonly first_used_at: string;
  readonly last_used_at: string;
  readonly requests: number;
}

export interface LastUsed {
  readonly routes: readonly ({ readonly route: string } & Use)[];
  readonly upstreams: readonly ({ readonly upstream: string } & Use)[];
  /** By route and upstream too: `upstream` is empty for a route's own backends. */
  readonly backends: readonly ({
    readonly route: string;
    readonly upstream: string;
    readonly backend: string;
  } & Use)[];
  readonly subjects: readonly ({ readonly provider: string; readonly subject: string } & Use)[];
}

/** When each route, upstream, backend and subject was last used, and how much. What never was is absent. */
export const lastUsed: Query<Readonly<Record<string, never>>, LastUsed> = (context) => {
  const view = viewOf(context);
  const series = seriesUses(view);
  const by = <Names extends "route" | "upstream" | "backend">(...names: readonly Names[]) => {
    const uses = new Uses<Record<Names, string>>();
    for (const one of series) {
      if (names.some((name) => name === names.at(-1) && one[name] === "")) continue;
      const named = Object.fromEntries(names.map((name) => [name, one[name]]));
      uses.add(named as Record<Names, string>, one);
    }
    return uses.described();
  };
  return {
    routes: by("route"),
    upstreams: by("upstream"),
    backends: by("route", "upstream", "backend"),
    subjects: subjectsOf(view),
  };
};

function subjectsOf({ db, pending }: RollupView): LastUsed["subjects"] {
  const uses = new Uses<{ readonly provider: string; readonly subject: string }>();
  const add = (value: string, use: TimesOfUse) => {
    const slash = value.indexOf("/");
    // Others than subjects are counted together.
    if (slash < 0) return;
    uses.add({ provider: value.slice(0, slash), subject: value.slice(slash + 1) }, use);
  };
  const merged = db.query<{ value: string } & TimesOfUse, []>(
    `SELECT value, min(at) * 1000 AS first, max(last_at) AS last, sum(requests) AS requests
     FROM rollup_usage WHERE step = ${DAY} AND kind = 'subject' GROUP BY value`,
  );
  for (const { value, ...use } of merged.iterate()) add(value, use);
  for (const {
    value,
    sums: { at, lastAt, requests },
  } of pending.usage.subject) {
    add(value, { first: beginOf(DAY, at) * 1_000, last: lastAt, requests });
  }
  return uses.described();
}

/** In epoch milliseconds. */
interface TimesOfUse {
  readonly first: number;
  readonly last: number;
  readonly requests: number;
}

type SeriesUse = TimesOfUse & Record<"route" | "upstream" | "backend", string>;

const seriesUses = ({ db, pending }: RollupView): SeriesUse[] => [
  ...db
    .query<SeriesUse, []>(
      `SELECT route, upstream, backend, first_at AS first, last_at AS last, requests
       FROM rollup_series`,
    )
    .all(),
  ...pending.series.map(({ route, upstream, backend, sums: { at, lastAt, requests } }) => ({
    route,
    upstream,
    backend,
    requests,
    first: at * 1_000,
    last: lastAt,
  })),
];

/** Uses by names, in the order of these. */
class Uses<Names extends object> {
  readonly #all = new Map<string, { readonly names: Names; use: TimesOfUse }>();

  add(names: Names, use: TimesOfUse): void {
    const key = JSON.stringify(names);
    const known = this.#all.get(key);
    if (known === undefined) this.#all.set(key, { names, use });
    else known.use = together(known.use, use);
  }

  described(): (Names & Use)[] {
    return [...this.#all]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([, { names, use }]) => ({
        ...names,
        first_used_at: new Date(use.first).toISOString(),
        last_used_at: new Date(use.last).toISOString(),
        requests: use.requests,
      }));
  }
}

const together = (one: TimesOfUse, other: TimesOfUse): TimesOfUse => ({
  first: Math.min(one.first, other.first),
  last: Math.max(one.last, other.last),
  requests: one.requests + other.requests,
});
