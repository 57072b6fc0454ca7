import { Database } from "bun:sqlite";
import { COLUMNS, valuesOf } from "../../../../src/telemetry/access-log/columns.ts";
import type { Companion } from "../../../../src/telemetry/access-log/companion.ts";
import { accessLogSchema } from "../../../../src/telemetry/access-log/schema.ts";
import { noFilters, parseFilters } from "../../../../src/telemetry/query/filters.ts";
import { page } from "../../../../src/telemetry/query/page.ts";
import { type QueryContext, TimeLimit } from "../../../../src/telemetry/query/query.ts";
import type { Row } from "../../../../src/telemetry/query/row.ts";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";
import { searchIndex } from "../../../../src/telemetry/search/search-index.ts";

/** An access log in memory whose index has small blocks. */
export class IndexedLog {
  readonly db = new Database(":memory:");
  readonly #rowsPerBlock: number;
  readonly #insert: string;
  #index: Companion;

  constructor(rowsPerBlock: number) {
    accessLogSchema.migrate(this.db);
    this.#rowsPerBlock = rowsPerBlock;
    const names = COLUMNS.map(({ name }) => name);
    this.#insert = `INSERT INTO logs (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    this.#index = searchIndex(rowsPerBlock).open(this.db);
  }

  /** Writes rows with the index, or nothing of both if `isUndone`. */
  append(records: readonly ExchangeRecord[], isUndone = false): void {
    this.db.run("BEGIN IMMEDIATE");
    const last = this.insert(records);
    this.#index.append(records, last - records.length + 1, records);
    this.db.run(isUndone ? "ROLLBACK" : "COMMIT");
    if (isUndone) this.#index.undone?.();
  }

  /** Writes rows as another program does; answers the last one's id. */
  insert(records: readonly ExchangeRecord[]): number {
    let last = 0;
    for (const record of records) {
      last = Number(this.db.query(this.#insert).run(...valuesOf(record)).lastInsertRowid);
    }
    return last;
  }

  maintain(): void {
    for (const _ of this.#index.maintain?.() ?? []);
  }

  reopen(): void {
    this.#index.close?.();
    this.#index = searchIndex(this.#rowsPerBlock).open(this.db);
  }

  close(): void {
    this.#index.close?.();
    this.db.close();
  }

  /** Rows in blocks. */
  get indexed(): number {
    const sql = "SELECT coalesce(sum(rows), 0) AS rows FROM search_blocks";
    return this.db.query<{ rows: number }, []>(sql).get()?.rows ?? 0;
  }

  rows(): Row[] {
    return this.db.query<Row, []>("SELECT * FROM logs ORDER BY id DESC").all();
  }

  /** Ids of the rows that are found, page by page. */
  find(texts: Record<string, string>, limit = 1000, slice = 1000): number[] {
    const filters = Object.keys(texts).length === 0 ? noFilters : parseFilters(texts, 0);
    const found: number[] = [];
    for (let before: number | undefined; ;) {
      const request = { filters, limit, slice, ...(before !== undefined && { before }) };
      const { rows, next } = page(this.#context(), request);
      found.push(...rows.map(({ id }) => id));
      if (next === null) return found;
      before = next;
    }
  }

  #context(): QueryContext {
    const columns = this.db.query<{ name: string }, []>(
      "SELECT name FROM pragma_table_info('logs')",
    );
    return {
      db: this.db,
      columns: new Set(columns.all().map(({ name }) => name)),
      tables: new Set(["logs", "search_blocks", "search_parts"]),
      time: new TimeLimit(60_000, () => performance.now()),
    };
  }
}
