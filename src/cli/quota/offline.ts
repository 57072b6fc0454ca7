import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import type { Config } from "../../config/schema.ts";
import type { QuotaId, SheetId } from "../../policies/quota/count-file.ts";
import { describeCount, describeQuota } from "../../policies/quota/description.ts";
import { listCounts } from "../../policies/quota/file/count-reader.ts";
import { Calendar } from "../../policies/quota/period.ts";
import { idOf, type QuotasConfig, quotasOf } from "../../policies/quota/schema.ts";
import { conditionsOf } from "../../routing/conditions/of-route.ts";
import { routeIds } from "../../routing/route-ids.ts";
import { databaseBeside } from "../../sqlite/beside.ts";
import { describeFailure } from "../../sqlite/failures.ts";
import { runThrough } from "../../time/slices.ts";
import { AdminError } from "../admin-client.ts";
import type { QuotaFilter, QuotaPage } from "./pages.ts";

interface Configured {
  readonly id: QuotaId;
  readonly limit: number;
  readonly routes: string[];
}

/** The file in which a gateway with this configuration keeps its counts. */
export function countFileOf({ logging }: Config): string {
  return databaseBeside(logging.database, "quotas");
}

/** What the gateway would show if it were running, from its file. Throws an AdminError. */
export function readCounts(
  config: Config,
  { quota, route, per, key }: QuotaFilter,
  limit: number,
  now: number,
): QuotaPage {
  const wanted = configuredQuotas(config).filter(
    ({ id, routes }) =>
      (quota === undefined || id.name === quota) &&
      (route === undefined || routes.includes(route)) &&
      (per === undefined || id.per === per),
  );
  const sheets: SheetId[] = wanted.map(({ id }) => ({
    quota: id,
    ...new Calendar(id.per, id.timeZone).periodAt(now),
  }));
  const rows = rowsIn(countFileOf(config), sheets, { key, offset: 0, limit: limit + 1 });
  const counts = rows.slice(0, limit).flatMap(({ sheet: at, ...row }) => {
    const [one, sheet] = [wanted[at], sheets[at]];
    if (one === undefined || sheet === undefined) return [];
    return [describeCount(one, { sheet, key: row.key }, row)];
  });
  return {
    quotas: wanted.flatMap((one, at) => {
      const sheet = sheets[at];
      return sheet === undefined ? [] : [describeQuota(one, sheet)];
    }),
    counts,
    next: rows.length > limit ? `${limit}` : null,
    complete: true,
  };
}

function configuredQuotas({ routes }: Config): Configured[] {
  const patterns = routes.map((route) => ({ path: route.path, ...conditionsOf(route) }));
  const ids = runThrough(routeIds(patterns));
  const known = new Map<string, Configured>();
  for (const [index, route] of routes.entries()) {
    const place = ids[index] ?? route.path;
    const written = Reflect.get(route, "quota") as QuotasConfig | undefined;
    for (const { config } of quotasOf(written ?? false)) {
      const id = idOf(config, place);
      const text = JSON.stringify(id);
      const before = known.get(text);
      if (before === undefined) known.set(text, { id, limit: config.limit, routes: [place] });
      else before.routes.push(place);
    }
  }
  return [...known.values()];
}

function rowsIn(
  file: string,
  ...query: Parameters<typeof listCounts> extends [unknown, ...infer Rest] ? Rest : never
) {
  if (!existsSync(file)) throw new AdminError(`there is no file ${file} yet`);
  try {
    using db = new Database(file, { readonly: true });
    return listCounts(db, ...query);
  } catch (error) {
    throw new AdminError(`cannot read ${file}: ${describeFailure(error)}`);
  }
}
