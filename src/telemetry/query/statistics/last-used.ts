import { DAY } from "../../rollups/steps.ts";
import type { Query } from "../query.ts";
import { requireRollups } from "./reader.ts";

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
  requireRollups(context);
  const { db } = context;
  const bySeries = <Names extends string>(...names: readonly Names[]) =>
    db
      .query<Record<Names, string> & UseRow, []>(
        `SELECT ${names.join(", ")}, min(first_at) AS first, max(last_at) AS last,
           sum(requests) AS requests
         FROM rollup_series WHERE ${names.at(-1)} <> '' GROUP BY ${names.join(", ")}`,
      )
      .all()
      .map(described);
  const subjects = db
    .query<{ value: string } & UseRow, []>(
      `SELECT value, min(at) * 1000 AS first, max(last_at) AS last, sum(requests) AS requests
       FROM rollup_usage WHERE step = ${DAY} AND kind = 'subject' AND instr(value, '/') > 0 GROUP BY value`,
    )
    .all()
    .map(({ value, ...use }) => {
      const slash = value.indexOf("/");
      return described({
        provider: value.slice(0, slash),
        subject: value.slice(slash + 1),
        ...use,
      });
    });
  return {
    routes: bySeries("route"),
    upstreams: bySeries("upstream"),
    backends: bySeries("route", "upstream", "backend"),
    subjects,
  };
};

interface UseRow {
  readonly first: number;
  readonly last: number;
  readonly requests: number;
}

function described<Row extends UseRow>({
  first,
  last,
  requests,
  ...names
}: Row): Omit<Row, keyof UseRow> & Use {
  return {
    ...names,
    first_used_at: new Date(first).toISOString(),
    last_used_at: new Date(last).toISOString(),
    requests,
  };
}
