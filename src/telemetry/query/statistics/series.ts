import type { KnownSeries, RollupView } from "./view.ts";

/** Which series are wanted; those of all routes, backends and upstreams where these are absent. */
export interface SeriesFilter {
  /** "none" for requests that no route matched; see `NONE` for the others too. */
  readonly route?: string | undefined;
  readonly backend?: string | undefined;
  readonly upstream?: string | undefined;
}

/** Stands for no route, backend or upstream, as in the filters of rows. */
const NONE = "none";

export const isFiltered = ({ route, backend, upstream }: SeriesFilter): boolean =>
  route !== undefined || backend !== undefined || upstream !== undefined;

export function seriesOf({ series }: RollupView, filter: SeriesFilter): KnownSeries[] {
  return series.filter(
    (one) =>
      isMeant(one.route, filter.route) &&
      isMeant(one.backend, filter.backend) &&
      isMeant(one.upstream, filter.upstream),
  );
}

function isMeant(value: string, wanted: string | undefined): boolean {
  if (wanted === undefined || value === wanted) return true;
  return wanted === NONE && value === "";
}
