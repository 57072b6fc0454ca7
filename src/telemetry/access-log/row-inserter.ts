import type { Database, Statement } from "bun:sqlite";
import type { SqlValue } from "../field.ts";
import type { ExchangeRecord } from "../record.ts";
import { COLUMNS, isOrdinary, ORDINARY_COLUMNS, putOrdinaryValues, valuesOf } from "./columns.ts";

/** Rows of one statement. More save little. */
const ROWS_TOGETHER = 8;

/**
 * Inserts rows: ordinary ones, whose other columns are NULL, several at a time and without these. That takes
 * three quarters of the time.
 */
export class RowInserter {
  readonly #one: Statement;
  readonly #ordinary: Statement;
  readonly #together: Statement;
  readonly #values: SqlValue[] = Array.from({ length: ROWS_TOGETHER * WIDTH }, () => null);

  constructor(db: Database) {
    this.#one = db.prepare(insertInto(COLUMNS, 1));
    this.#ordinary = db.prepare(insertInto(ORDINARY_COLUMNS, 1));
    this.#together = db.prepare(insertInto(ORDINARY_COLUMNS, ROWS_TOGETHER));
  }

  /** Inserts them in their order, with consecutive ids. Returns the last one; 0 without rows. */
  insert(rows: readonly ExchangeRecord[]): number {
    let lastId = 0;
    for (let at = 0; at < rows.length;) {
      const ordinary = this.#ordinaryFrom(rows, at);
      const row = rows[at] as ExchangeRecord;
      if (ordinary === ROWS_TOGETHER) lastId = this.#run(this.#together, this.#values);
      else if (ordinary > 0) lastId = this.#runEach(ordinary);
      else lastId = this.#run(this.#one, valuesOf(row));
      at += Math.max(1, ordinary);
    }
    return lastId;
  }

  close(): void {
    for (const statement of [this.#one, this.#ordinary, this.#together]) statement.finalize();
  }

  /** Prepares the values of the ordinary rows from here on, as many as go together. Returns how many. */
  #ordinaryFrom(rows: readonly ExchangeRecord[], from: number): number {
    const most = Math.min(ROWS_TOGETHER, rows.length - from);
    for (let count = 0; count < most; count += 1) {
      const row = rows[from + count] as ExchangeRecord;
      if (!isOrdinary(row)) return count;
      putOrdinaryValues(row, this.#values, count * WIDTH);
    }
    return most;
  }

  #runEach(count: number): number {
    let lastId = 0;
    for (let at = 0; at < count; at += 1) {
      lastId = this.#run(this.#ordinary, this.#values.slice(at * WIDTH, (at + 1) * WIDTH));
    }
    return lastId;
  }

  #run(statement: Statement, values: SqlValue[]): number {
    return Number(statement.run(...values).lastInsertRowid);
  }
}

const WIDTH = ORDINARY_COLUMNS.length;

function insertInto(columns: readonly { readonly name: string }[], rows: number): string {
  const places = `(${columns.map(() => "?").join(", ")})`;
  const names = columns.map(({ name }) => name).join(", ");
  return `INSERT INTO logs (${names}) VALUES ${Array.from({ length: rows }, () => places).join(", ")}`;
}
