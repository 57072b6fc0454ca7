import type { Statement } from "bun:sqlite";
import type { FileChange } from "../../../sqlite/database-files.ts";
import { OpenDatabase } from "../../../sqlite/open-database.ts";
import { checkpoint, giveBackPages, hasManyFreePages, numberOf } from "../../../sqlite/pragmas.ts";
import { nextTurn } from "../../../time/next-turn.ts";
import type { CountQuery, QuotaId, SheetId } from "../count-file.ts";
import { listCounts, QuotaNumbers } from "./count-reader.ts";
import { countSchema } from "./count-schema.ts";
import { type ListedRow, NUMBERS_PER_KEY, type PackedCounts, type Usages } from "./messages.ts";

/** How long counts are kept after their period: yesterday's can be read, and clocks can be set back. */
const KEPT_MS = 2 * 86_400_000;
const ROWS_PER_STEP = 1_000;
/** Counts of a quota in a period. Beyond it, those that have used least are deleted. Some 150 MB. */
const MOST_COUNTS = 1_000_000;
/** A file with so many counts in one sheet is larger. */
const CROWDED_BYTES = 32 * 2 ** 20;

interface UsageRow {
  readonly used: number;
  readonly granted: number;
}

/** The database of counts, for the thread that writes it. */
export class CountStore {
  readonly #file: OpenDatabase;
  readonly #most: number;
  readonly #numbers: QuotaNumbers;
  readonly #statements: Statement[] = [];
  readonly #select: Statement<UsageRow, [number, number, string]>;
  readonly #add: Statement<
    UsageRow,
    [number, number, string, number, number, number, number, number, number]
  >;

  private constructor(file: OpenDatabase, most: number) {
    this.#file = file;
    this.#most = most;
    const { db } = file;
    this.#numbers = new QuotaNumbers(db);
    this.#select = db.prepare(
      "SELECT used, granted FROM counts WHERE quota = ? AND begins = ? AND key = ?",
    );
    this.#add = db.prepare(
      `INSERT INTO counts (quota, begins, key, ends, used, granted, changed)
       VALUES (?, ?, ?, ?, max(?, 0), max(?, 0), ?)
       ON CONFLICT DO UPDATE SET used = max(used + ?, 0), granted = max(granted + ?, 0),
         ends = excluded.ends, changed = excluded.changed
       RETURNING used, granted`,
    );
    this.#statements.push(this.#select, this.#add);
  }

  /**
   * Opens the database, creating it if it is missing. The file is checked for damage unless it has been
   * already. `most`: see MOST_COUNTS.
   * @throws {SQLiteError} when it cannot be opened, read or locked
   * @throws {SchemaError} when it is another program's, or a newer gateway's
   * @throws {CorruptError} when it can be opened but is damaged
   */
  static open(path: string, isChecked = false, most = MOST_COUNTS): CountStore {
    const file = OpenDatabase.open(path, countSchema, isChecked);
    try {
      return new CountStore(file, most);
    } catch (error) {
      file.abandon();
      throw error;
    }
  }

  /** False if there was no room to rewrite the file, which therefore never shrinks. */
  get shrinkable(): boolean {
    return this.#file.shrinkable;
  }

  get isEmpty(): boolean {
    return this.#file.db.query("SELECT 1 FROM counts LIMIT 1").get() === null;
  }

  /** Zero for what has not been counted. */
  find(packed: PackedCounts): Usages {
    return usagesOf(packed, (sheet, key) => {
      const quota = this.#numbers.of(sheet.quota);
      return quota === undefined ? null : this.#select.get(quota, sheet.begins, key);
    });
  }

  /** Adds changes to the counts, all or none, and returns what they are then. `now`: epoch milliseconds. */
  save(packed: PackedCounts, now: number): Usages {
    return this.#file.transaction(() =>
      usagesOf(packed, ({ quota, begins, ends }, key, used, granted) =>
        this.#add.get(this.#numberFor(quota), begins, key, ends, used, granted, now, used, granted),
      ),
    );
  }

  list(sheets: readonly SheetId[], query: CountQuery): ListedRow[] {
    return listCounts(this.#file.db, sheets, query);
  }

  /** What happened to the files since they were opened; undefined if nothing did. */
  fileChange(): FileChange | undefined {
    return this.#file.fileChange();
  }

  /**
   * Deletes the counts of old periods, and of too many keys, in short steps. `now`: epoch milliseconds.
   * @throws {SQLiteError}
   */
  async maintain(now: number): Promise<void> {
    for (const _ of this.#clean(now)) {
      await nextTurn();
      if (!this.#file.isOpen) return;
    }
  }

  /** See `OpenDatabase`. */
  close(): void {
    this.#finalize();
    this.#file.close();
  }

  /** See `OpenDatabase`. */
  abandon(): void {
    this.#finalize();
    this.#file.abandon();
  }

  #finalize(): void {
    for (const statement of this.#statements.splice(0)) statement.finalize();
  }

  #numberFor(quota: QuotaId): number {
    const known = this.#numbers.of(quota);
    if (known !== undefined) return known;
    const { name, per, timeZone, key } = quota;
    this.#file.db
      .query("INSERT INTO quotas (name, per, time_zone, key) VALUES (?, ?, ?, ?)")
      .run(name, per, timeZone, key);
    return this.#numbers.of(quota) ?? 0;
  }

  *#clean(now: number): Generator<void, void> {
    const { db } = this.#file;
    let deleted = yield* this.#deleteInSteps(
      `SELECT quota, begins, key FROM counts WHERE ends < ${now - KEPT_MS}`,
      Infinity,
    );
    deleted += yield* this.#deleteLeast();
    if (hasManyFreePages(db)) yield* giveBackPages(db);
    else if (deleted === 0) return;
    checkpoint(db, "TRUNCATE");
  }

  *#deleteLeast(): Generator<void, number> {
    const { db } = this.#file;
    if (
      numberOf(db, "page_count") * numberOf(db, "page_size") < CROWDED_BYTES &&
      this.#most === MOST_COUNTS
    ) {
      return 0;
    }
    const crowded = db
      .query<{ quota: number; begins: number; counts: number }, [number]>(
        "SELECT quota, begins, count(*) AS counts FROM counts GROUP BY quota, begins HAVING counts > ?",
      )
      .all(this.#most);
    let deleted = 0;
    for (const { quota, begins, counts } of crowded) {
      deleted += yield* this.#deleteInSteps(
        `SELECT quota, begins, key FROM counts WHERE quota = ${quota} AND begins = ${begins} ORDER BY used`,
        counts - this.#most,
      );
    }
    return deleted;
  }

  *#deleteInSteps(rows: string, most: number): Generator<void, number> {
    const statement = this.#file.db.query<unknown, [number]>(
      `DELETE FROM counts WHERE (quota, begins, key) IN (${rows} LIMIT ?)`,
    );
    let deleted = 0;
    while (deleted < most) {
      const { changes } = statement.run(Math.min(ROWS_PER_STEP, most - deleted));
      deleted += changes;
      if (changes < ROWS_PER_STEP) return deleted;
      yield;
    }
    return deleted;
  }
}

function usagesOf(
  { sheets, keys, numbers }: PackedCounts,
  usageOf: (sheet: SheetId, key: string, used: number, granted: number) => UsageRow | null,
): Usages {
  const usages = new Float64Array(keys.length * 2);
  for (const [at, key] of keys.entries()) {
    const [place = 0, used = 0, granted = 0] = numbers.subarray(
      at * NUMBERS_PER_KEY,
      (at + 1) * NUMBERS_PER_KEY,
    );
    const sheet = sheets[place];
    const usage = sheet === undefined ? null : usageOf(sheet, key, used, granted);
    usages[at * 2] = usage?.used ?? 0;
    usages[at * 2 + 1] = usage?.granted ?? 0;
  }
  return usages;
}
