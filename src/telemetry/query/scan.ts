import { whereOf } from "./conditions-sql.ts";
import type { Filters } from "./filters.ts";
import { rowTest } from "./match.ts";
import type { Page } from "./pages.ts";
import type { QueryContext } from "./query.ts";
import { PAGE_COLUMNS, type Row, selected } from "./row.ts";

/** Takes some milliseconds. */
const IDS_PER_STEP = 4096;

/** Searches rows with ids below `before`, from the newest to the oldest. */
export function scanBack(
  { db, columns, time }: QueryContext,
  filters: Filters,
  before: number,
  limit: number,
): Page {
  const where = whereOf(filters, columns);
  const test = rowTest(filters);
  using step = db.prepare<Row, (string | number)[]>(
    `SELECT ${selected(PAGE_COLUMNS, columns)} FROM logs
     WHERE id < ? AND id >= ? AND ${where.sql} ORDER BY id DESC`,
  );
  const rows: Row[] = [];
  let next: number | null = before;
  for (;;) {
    // Ids may have gaps.
    const newest: number | null = newestBelow(db, next);
    if (newest === null) {
      next = null;
      break;
    }
    const from = newest - IDS_PER_STEP + 1;
    for (const row of step.all(newest + 1, from, ...where.values)) {
      if (!test(row)) continue;
      rows.push(row);
      if (rows.length === limit) break;
    }
    next = from;
    if (rows.length === limit) {
      next = rows.at(-1)?.id ?? next;
      break;
    }
    if (time.left === 0) break;
  }
  const complete = next === null || rows.length === limit;
  return { rows, next, searchedTo: next === null ? null : timeAt(db, next), complete };
}

function newestBelow(db: QueryContext["db"], id: number): number | null {
  return (
    db.query<{ id: number | null }, [number]>("SELECT max(id) AS id FROM logs WHERE id < ?").get(id)
      ?.id ?? null
  );
}

/** The time of the oldest row from an id on. */
function timeAt(db: QueryContext["db"], id: number): string | null {
  return (
    db
      .query<{ timestamp: string }, [number]>(
        "SELECT timestamp FROM logs WHERE id >= ? ORDER BY id LIMIT 1",
      )
      .get(id)?.timestamp ?? null
  );
}
