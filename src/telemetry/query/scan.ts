import type { Statement } from "bun:sqlite";
import { BlockReader } from "../search/block-reader.ts";
import type { Block } from "../search/block-reader.ts";
import { BlockSearch } from "../search/block-search.ts";
import { whereOf } from "./conditions-sql.ts";
import type { Filters } from "./filters.ts";
import { rowTest } from "./match.ts";
import type { Page } from "./pages.ts";
import type { QueryContext } from "./query.ts";
import { PAGE_COLUMNS, type Row, selected } from "./row.ts";

/** Rows that are read in one step where there is no index; takes some milliseconds. */
const IDS_PER_STEP = 4096;
/** Candidates that are read between two looks at the time. */
const ROWS_PER_STEP = 64;

/** Searches rows with ids below `before`, from the newest to the oldest: by the index where there is one. */
export function scanBack(
  context: QueryContext,
  filters: Filters,
  before: number,
  limit: number,
): Page {
  const scan = new Scan(context, filters, before, limit);
  try {
    scan.run();
    return scan.page();
  } finally {
    scan.close();
  }
}

class Scan {
  readonly #context: QueryContext;
  readonly #before: number;
  readonly #limit: number;
  readonly #test: (row: Row) => boolean;
  readonly #values: readonly (string | number)[];
  readonly #range: Statement<Row, (string | number)[]>;
  readonly #one: Statement<Row, (string | number)[]>;
  readonly #reader: BlockReader | undefined;
  readonly #search: BlockSearch | undefined;
  readonly #rows: Row[] = [];
  /** Everything from this id on has been searched. */
  #searched: number;
  #isAtEnd = false;

  constructor(context: QueryContext, filters: Filters, before: number, limit: number) {
    const { db, columns, tables } = context;
    this.#context = context;
    this.#before = before;
    this.#limit = limit;
    this.#searched = before;
    this.#test = rowTest(filters);
    const where = whereOf(filters, columns);
    this.#values = where.values;
    const select = `SELECT ${selected(PAGE_COLUMNS, columns)} FROM logs`;
    this.#range = db.prepare(
      `${select} WHERE id < ? AND id >= ? AND ${where.sql} ORDER BY id DESC`,
    );
    this.#one = db.prepare(`${select} WHERE id = ? AND ${where.sql}`);
    // Without conditions the index knows no more than the table.
    const isIndexed = tables.has("search_blocks") && tables.has("search_parts");
    const isFiltered =
      filters.conditions.length > 0 || filters.since > -Infinity || filters.until < Infinity;
    if (isIndexed && isFiltered) {
      this.#reader = new BlockReader(db);
      this.#search = new BlockSearch(this.#reader, filters);
    }
  }

  run(): void {
    for (const block of this.#reader?.blocks(this.#searched) ?? []) {
      this.#searchTable(block.last + 1);
      if (this.#isOver) return;
      this.#searchBlock(block);
      if (this.#isOver) return;
    }
    this.#searchTable(-Infinity);
  }

  page(): Page {
    const isFull = this.#rows.length === this.#limit;
    const next = this.#isAtEnd && !isFull ? null : this.#searched;
    return {
      rows: this.#rows,
      next,
      searchedTo: next === null ? null : this.#timeFrom(next),
      complete: next === null || isFull,
    };
  }

  close(): void {
    this.#range.finalize();
    this.#one.finalize();
  }

  get #isOver(): boolean {
    if (this.#isAtEnd || this.#rows.length === this.#limit) return true;
    // However short the time is, a query goes on from where the one before ended.
    return this.#searched < this.#before && this.#context.time.left === 0;
  }

  /** Searches rows down to `end`, which have no index. */
  #searchTable(end: number): void {
    while (this.#searched > end) {
      // Ids may have gaps.
      const newest = this.#newestBelow(this.#searched);
      if (newest === null) this.#isAtEnd = true;
      if (newest === null) return;
      if (newest < end) {
        this.#searched = end;
        return;
      }
      const from = Math.max(end, newest - IDS_PER_STEP + 1);
      for (const row of this.#range.iterate(newest + 1, from, ...this.#values)) {
        if (this.#take(row)) return;
      }
      this.#searched = from;
      if (this.#isOver) return;
    }
  }

  #searchBlock(block: Block): void {
    const candidates = this.#search?.candidates(block);
    if (candidates === undefined) {
      this.#searchTable(block.first);
      return;
    }
    for (let at = candidates.count - 1; at >= 0; at -= 1) {
      const id = candidates.id(at);
      if (id >= this.#searched) continue;
      const row = this.#one.get(id, ...this.#values);
      if (row !== null && this.#take(row)) return;
      this.#searched = id;
      if (at % ROWS_PER_STEP === 0 && this.#context.time.left === 0) return;
    }
    this.#searched = Math.min(this.#searched, block.first);
  }

  /** Takes a row if it is meant. True if the page is full. */
  #take(row: Row): boolean {
    if (!this.#test(row)) return false;
    this.#rows.push(row);
    if (this.#rows.length < this.#limit) return false;
    this.#searched = row.id;
    return true;
  }

  #newestBelow(id: number): number | null {
    const sql = "SELECT max(id) AS id FROM logs WHERE id < ?";
    return this.#context.db.query<{ id: number | null }, [number]>(sql).get(id)?.id ?? null;
  }

  /** The time of the oldest row from an id on. */
  #timeFrom(id: number): string | null {
    const sql = "SELECT timestamp FROM logs WHERE id >= ? ORDER BY id LIMIT 1";
    return this.#context.db.query<{ timestamp: string }, [number]>(sql).get(id)?.timestamp ?? null;
  }
}
