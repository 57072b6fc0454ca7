import type { Database, Statement } from "bun:sqlite";
import { PARTS } from "./columns.ts";
import { sealed } from "../sealed.ts";
import { blockSeed, partSeed } from "./checksum.ts";
import type { EncodedBlock } from "./summary.ts";

/** Changes with what blocks are made of; blocks of another format are not read. */
export const FORMAT = 3;

/** The statements that create the index, by the names of its tables. */
export const INDEX_TABLES: Readonly<Record<string, string>> = {
  search_blocks: `CREATE TABLE search_blocks (first INTEGER PRIMARY KEY, last INTEGER NOT NULL,
    format INTEGER NOT NULL, rows INTEGER NOT NULL, from_time INTEGER NOT NULL,
    to_time INTEGER NOT NULL, summary BLOB NOT NULL)`,
  search_parts: "CREATE TABLE search_parts (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
};

/** Ids of parts have to be exact numbers. */
export const LAST_INDEXED_ID = Math.floor(Number.MAX_SAFE_INTEGER / PARTS) - 1;

/** Writes and deletes blocks of the index; each call is within a transaction or one of its own. */
export class BlockFile {
  readonly #block: Statement;
  readonly #part: Statement;
  readonly #greatest: Statement<{ last: number | null }, []>;
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
    this.#block = db.prepare(
      `INSERT OR REPLACE INTO search_blocks (first, last, format, rows, from_time, to_time, summary)
       VALUES (?, ?, ${FORMAT}, ?, ?, ?, ?)`,
    );
    this.#part = db.prepare("INSERT OR REPLACE INTO search_parts (id, data) VALUES (?, ?)");
    // Blocks do not overlap.
    this.#greatest = db.prepare("SELECT last FROM search_blocks ORDER BY first DESC LIMIT 1");
  }

  /** The greatest id in a block; 0 without blocks. */
  get covered(): number {
    return this.#greatest.get()?.last ?? 0;
  }

  /** The greatest id in a block of another format; 0 without one. */
  get unreadable(): number {
    const sql = "SELECT coalesce(max(last), 0) AS last FROM search_blocks WHERE format <> ?";
    return this.#db.query<{ last: number }, [number]>(sql).get(FORMAT)?.last ?? 0;
  }

  write(block: EncodedBlock): void {
    const { first, last, rows, from, to, summary, parts } = block;
    this.#block.run(first, last, rows, from, to, sealed(summary, blockSeed(block)));
    for (const [part, data] of parts) {
      const id = first * PARTS + part;
      this.#part.run(id, sealed(data, partSeed(id)));
    }
  }

  /** Deletes the blocks with rows from `id` on. */
  deleteFrom(id: number): void {
    const first = this.#db
      .query<{ first: number | null }, [number]>(
        "SELECT min(first) AS first FROM search_blocks WHERE last >= ?",
      )
      .get(id)?.first;
    if (first === null || first === undefined) return;
    this.#db.query("DELETE FROM search_blocks WHERE first >= ?").run(first);
    this.#db.query("DELETE FROM search_parts WHERE id >= ?").run(first * PARTS);
  }

  /** Deletes at most `most` of the blocks that end below `id`, the oldest first. True if there were so many. */
  deleteBelow(id: number, most: number): boolean {
    const found = this.#db
      .query<{ first: number }, [number, number, number]>(
        "SELECT first FROM search_blocks WHERE first < ? AND last < ? ORDER BY first LIMIT ?",
      )
      .all(id, id, most);
    const newest = found.at(-1)?.first;
    if (newest === undefined) return false;
    this.#db.query("DELETE FROM search_parts WHERE id < ?").run((newest + 1) * PARTS);
    this.#db.query("DELETE FROM search_blocks WHERE first <= ?").run(newest);
    return found.length === most;
  }

  close(): void {
    this.#block.finalize();
    this.#part.finalize();
    this.#greatest.finalize();
  }
}
