import type { Database } from "bun:sqlite";
import type { Companion, CompanionKind } from "../access-log/companion.ts";
import type { ExchangeRecord } from "../record.ts";
import { BlockBuilder } from "./block-builder.ts";
import { BlockFile, INDEX_TABLES, LAST_INDEXED_ID } from "./block-file.ts";
import { INDEXED_COLUMNS, rowOfStored, type StoredRow } from "./indexed-row.ts";

/** A block is written when it has so many rows. Newer rows are read one by one, which takes milliseconds. */
const ROWS_PER_BLOCK = 4096;
/** Rows that are read in one step, in about two milliseconds. */
const ROWS_PER_STEP = 512;
/** Blocks of older rows that are made in one round of maintenance, so that it takes a tenth of the time. */
const BLOCKS_PER_ROUND = 64;

/**
 * Writes the search index: for every 4096 consecutive rows a block of small columns. A block is written in
 * the transaction of its last row. What has no block yet is found as well, only not as fast.
 */
class SearchIndex implements Companion {
  readonly #db: Database;
  readonly #file: BlockFile;
  readonly #rowsPerBlock: number;
  /** The newest rows, which have no block yet; undefined if they have to be read first. */
  #newest: BlockBuilder | undefined;
  #covered = 0;
  /** Grows when ids may have been used again. */
  #changes = 0;

  constructor(db: Database, rowsPerBlock: number) {
    this.#db = db;
    this.#file = new BlockFile(db);
    this.#rowsPerBlock = rowsPerBlock;
  }

  append(rows: readonly ExchangeRecord[], firstId: number): void {
    if (rows.length === 0 || firstId + rows.length > LAST_INDEXED_ID) return;
    let newest = this.#preparedFor(firstId);
    const idOf = (at: number) => firstId + at;
    for (let from = 0; from < rows.length;) {
      const to = Math.min(rows.length, from + newest.room);
      newest.add(rows, from, to, idOf);
      from = to;
      if (newest.room === 0) newest = this.#seal(newest);
    }
  }

  undone(): void {
    this.#newest = undefined;
    this.#changes += 1;
  }

  /** Makes blocks of older rows that have none, the newest first. */
  *maintain(): Generator<void, void> {
    yield* this.#forgetDeleted();
    const builder = new BlockBuilder(this.#rowsPerBlock);
    let made = 0;
    for (const gap of this.#gaps()) {
      // A gap is filled from its newest rows on, block by block.
      for (let { below } = gap; made < BLOCKS_PER_ROUND; made += 1) {
        const changes = this.#changes;
        yield* this.#fill(builder, { above: gap.above, below });
        if (builder.rows === 0) break;
        const block = builder.take();
        if (this.#changes !== changes) return;
        this.#db.transaction(() => this.#file.write(block)).immediate();
        below = block.first;
        yield;
      }
      if (made === BLOCKS_PER_ROUND) return;
    }
  }

  close(): void {
    this.#file.close();
  }

  /** The builder, so that a row with this id is the next one. */
  #preparedFor(id: number): BlockBuilder {
    const newest = this.#newest;
    const next = (newest?.last ?? this.#covered) + 1;
    if (newest !== undefined && next === id) return newest;
    if (newest !== undefined && next < id) {
      // Another program has written rows.
      const room = this.#rowsPerBlock - newest.rows;
      const between = this.#rowsBetween(next - 1, id, room);
      if (between.length < room) {
        addStored(newest, between);
        return newest;
      }
    }
    // The newest rows are not known yet, too many, or were deleted and their ids come again.
    const builder = new BlockBuilder(this.#rowsPerBlock);
    this.#newest = builder;
    this.#changes += 1;
    this.#file.deleteFrom(id);
    this.#covered = this.#file.covered;
    const rows = this.#rowsBetween(this.#covered, id, this.#rowsPerBlock);
    // Of more rows maintenance makes blocks.
    if (rows.length === this.#rowsPerBlock) this.#covered = id - 1;
    else addStored(builder, rows);
    return builder;
  }

  /** Writes the block of a full builder, which is empty then. */
  #seal(builder: BlockBuilder): BlockBuilder {
    const block = builder.take();
    if (this.#file.covered >= block.first) {
      // Another gateway that writes this file was first.
      this.#newest = undefined;
      return this.#preparedFor(block.last + 1);
    }
    this.#file.write(block);
    this.#covered = block.last;
    return builder;
  }

  /** The rows with ids between, the oldest first, at most so many. */
  #rowsBetween(above: number, below: number, most: number): StoredRow[] {
    return this.#db
      .query<StoredRow, [number, number, number]>(
        `SELECT id, ${INDEXED_COLUMNS.join(", ")} FROM logs
         WHERE id > ? AND id < ? ORDER BY id LIMIT ?`,
      )
      .all(above, below, most);
  }

  *#forgetDeleted(): Generator<void, void> {
    const ends = this.#db
      .query<{ first: number | null; last: number | null }, []>(
        "SELECT (SELECT min(id) FROM logs) AS first, (SELECT max(id) FROM logs) AS last",
      )
      .get();
    const { first, last } = ends ?? { first: null, last: null };
    if (this.#file.covered > (last ?? 0)) {
      this.#db.transaction(() => this.#file.deleteFrom((last ?? 0) + 1)).immediate();
      this.#newest = undefined;
    }
    // Blocks of another version of this index are made again, with all that are older.
    const oldest = Math.max(first ?? Number.MAX_SAFE_INTEGER, this.#file.unreadable + 1);
    const step = this.#db.transaction(() => this.#file.deleteBelow(oldest, BLOCKS_PER_STEP));
    while (step.immediate()) yield;
  }

  /** The ranges of ids in which rows may have no block, below those that are being collected. */
  #gaps(): Gap[] {
    const next = this.#nextId();
    const newest = this.#newest ?? this.#preparedFor(next);
    const blocks = this.#db
      .query<{ first: number; last: number }, []>(
        "SELECT first, last FROM search_blocks ORDER BY first DESC",
      )
      .all();
    let below = newest.first ?? next;
    return [...blocks, { first: 0, last: 0 }].flatMap(({ first, last }) => {
      const gap = { above: last, below };
      below = first;
      return gap.above + 1 < gap.below ? [gap] : [];
    });
  }

  #nextId(): number {
    const sql = "SELECT coalesce(max(id), 0) + 1 AS id FROM logs";
    return this.#db.query<{ id: number }, []>(sql).get()?.id ?? 1;
  }

  /** Reads the newest rows of a gap, in steps. */
  *#fill(builder: BlockBuilder, { above, below }: Gap): Generator<void, void> {
    const from = this.#db
      .query<{ id: number | null }, [number, number, number]>(
        `SELECT min(id) AS id FROM
           (SELECT id FROM logs WHERE id > ? AND id < ? ORDER BY id DESC LIMIT ?)`,
      )
      .get(above, below, this.#rowsPerBlock)?.id;
    let last = (from ?? below) - 1;
    while (builder.rows < this.#rowsPerBlock) {
      const room = this.#rowsPerBlock - builder.rows;
      const rows = this.#rowsBetween(last, below, Math.min(ROWS_PER_STEP, room));
      addStored(builder, rows);
      last = rows.at(-1)?.id ?? below;
      if (rows.length < ROWS_PER_STEP) return;
      yield;
    }
  }
}

function addStored(builder: BlockBuilder, rows: readonly StoredRow[]): void {
  const idOf = (at: number) => rows[at]?.id ?? 0;
  builder.add(rows.map(rowOfStored), 0, rows.length, idOf);
}

/** A range of ids without a block, both ends not included. */
interface Gap {
  readonly above: number;
  readonly below: number;
}

/** Blocks that are deleted in one step. */
const BLOCKS_PER_STEP = 16;

/** Deletes blocks of rows that were the oldest. */
function forgetOldest(db: Database): void {
  const oldest = db.query<{ id: number | null }, []>("SELECT min(id) AS id FROM logs").get()?.id;
  const file = new BlockFile(db);
  try {
    const below = oldest ?? Number.MAX_SAFE_INTEGER;
    db.transaction(() => file.deleteBelow(below, BLOCKS_PER_STEP)).immediate();
  } finally {
    file.close();
  }
}

/** The search index, with fewer rows in a block for tests. */
export const searchIndex = (rowsPerBlock: number): CompanionKind => ({
  parts: INDEX_TABLES,
  open: (db) => new SearchIndex(db, rowsPerBlock),
  forgetDeleted: forgetOldest,
});

export const searchIndexKind = searchIndex(ROWS_PER_BLOCK);
