import type { Database, Statement } from "bun:sqlite";
import type { CountQuery, QuotaId, SheetId } from "../count-file.ts";
import type { ListedRow } from "./messages.ts";

/** The numbers of quotas in a database. Rows refer to them. */
export class QuotaNumbers {
  readonly #select: Statement<{ id: number }, [string, string, string, string]>;
  readonly #known = new Map<string, number>();

  constructor(db: Database) {
    this.#select = db.prepare(
      "SELECT id FROM quotas WHERE name = ? AND per = ? AND time_zone = ? AND key = ?",
    );
  }

  /** Undefined if nothing of it has been counted. */
  of({ name, per, timeZone, key }: QuotaId): number | undefined {
    const text = JSON.stringify([name, per, timeZone, key]);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const id = this.#select.get(name, per, timeZone, key)?.id;
    if (id !== undefined) this.#known.set(text, id);
    return id;
  }
}

/** Lists counts. Also for a file that is only read. */
export function listCounts(
  db: Database,
  sheets: readonly SheetId[],
  query: CountQuery,
): ListedRow[] {
  const numbers = new QuotaNumbers(db);
  const wanted = sheets.flatMap(({ quota: id, begins }, sheet) => {
    const quota = numbers.of(id);
    return quota === undefined ? [] : [{ sheet, quota, begins }];
  });
  const [first, ...others] = wanted;
  if (first === undefined) return [];
  return others.length === 0 ? listOne(db, first, query) : listSeveral(db, wanted, query);
}

interface Wanted {
  /** The index of the sheet. */
  readonly sheet: number;
  readonly quota: number;
  readonly begins: number;
}

/** By the index, without sorting. */
function listOne(
  db: Database,
  { sheet, quota, begins }: Wanted,
  { key, offset, limit }: CountQuery,
): ListedRow[] {
  const found = db.query<ListedRow, [number, number, number, string | null, number, number]>(
    `SELECT ?1 AS sheet, key, used, granted FROM counts
     WHERE quota = ?2 AND begins = ?3 AND (?4 IS NULL OR key = ?4)
     ORDER BY used DESC, key LIMIT ?5 OFFSET ?6`,
  );
  return found.all(sheet, quota, begins, key ?? null, limit, offset);
}

function listSeveral(
  db: Database,
  wanted: readonly Wanted[],
  { key, offset, limit }: CountQuery,
): ListedRow[] {
  const found = db.query<ListedRow, [string, string | null, number, number]>(
    `SELECT wanted.value ->> 'sheet' AS sheet, counts.key, used, granted
     FROM json_each(?1) AS wanted CROSS JOIN counts
       ON quota = wanted.value ->> 'quota' AND begins = wanted.value ->> 'begins'
     WHERE ?2 IS NULL OR counts.key = ?2
     ORDER BY used DESC, counts.key, sheet LIMIT ?3 OFFSET ?4`,
  );
  return found.all(JSON.stringify(wanted), key ?? null, limit, offset);
}
