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
  { key, offset, limit }: CountQuery,
): ListedRow[] {
  const numbers = new QuotaNumbers(db);
  const wanted = sheets.flatMap((sheet, index) => {
    const quota = numbers.of(sheet.quota);
    return quota === undefined ? [] : [{ sheet: index, quota, begins: sheet.begins }];
  });
  const rows = db.query<ListedRow, [string, string | null, number, number]>(
    `SELECT wanted.value ->> 'sheet' AS sheet, counts.key, used, granted
     FROM json_each(?1) AS wanted CROSS JOIN counts
       ON quota = wanted.value ->> 'quota' AND begins = wanted.value ->> 'begins'
     WHERE ?2 IS NULL OR counts.key = ?2
     ORDER BY used DESC, counts.key, sheet LIMIT ?3 OFFSET ?4`,
  );
  return rows.all(JSON.stringify(wanted), key ?? null, limit, offset);
}
