import { whereOf } from "./conditions-sql.ts";
import type { Filters } from "./filters.ts";
import { rowTest } from "./match.ts";
import type { QueryContext } from "./query.ts";
import { PAGE_COLUMNS, type Row, selected } from "./row.ts";

export interface NewerRequest {
  readonly filters: Filters;
  /** Rows with greater ids; null finds none and says from where on rows will be new. */
  readonly after: number | null;
}

export interface Newer {
  /** The oldest first, without the kept columns. */
  readonly rows: readonly Row[];
  /** Where to go on. */
  readonly after: number;
  /** Whether there was more to look at. */
  readonly more: boolean;
}

const ROWS_PER_STEP = 1000;

/** What was written since, one step at a time. */
export function newer({ db, columns }: QueryContext, { filters, after }: NewerRequest): Newer {
  if (after === null) return { rows: [], after: greatestId(db), more: false };
  const last = db
    .query<{ id: number | null; rows: number }, [number, number]>(
      "SELECT max(id) AS id, count(*) AS rows FROM (SELECT id FROM logs WHERE id > ? ORDER BY id LIMIT ?)",
    )
    .get(after, ROWS_PER_STEP);
  if (last === null || last.id === null) return { rows: [], after, more: false };
  const where = whereOf(filters, columns);
  using statement = db.prepare<Row, (string | number)[]>(
    `SELECT ${selected(PAGE_COLUMNS, columns)} FROM logs
     WHERE id > ? AND id <= ? AND ${where.sql} ORDER BY id`,
  );
  return {
    rows: statement.all(after, last.id, ...where.values).filter(rowTest(filters)),
    after: last.id,
    more: last.rows === ROWS_PER_STEP,
  };
}

/** 0 of an empty log. */
function greatestId(db: QueryContext["db"]): number {
  return db.query<{ id: number }, []>("SELECT coalesce(max(id), 0) AS id FROM logs").get()?.id ?? 0;
}
