import { Database } from "bun:sqlite";
import type { Statement } from "bun:sqlite";
import type { ExchangeRecord } from "../record.ts";
import { COLUMNS, valuesOf } from "./columns.ts";
import { createPrivately, DatabaseFiles, type FileChange } from "./database-files.ts";
import { isLocked } from "./failures.ts";
import { checkpoint, retention } from "./retention.ts";
import type { Limits } from "./retention.ts";
import { makeShrinkable, migrate, numberOf, requireAccessLog, requireSound } from "./schema.ts";

/** Milliseconds to wait for another connection's lock; longer waits are the caller's to arrange. */
const BUSY_TIMEOUT = 250;
const WAL_BYTES_KEPT = 8 * 2 ** 20;
/** Bytes in front of the whole file, and of each page in it. */
const WAL_HEADER = 32;
const WAL_FRAME_HEADER = 24;

/** The access log's database, for the thread that writes it. */
export class Store {
  /** False when the file keeps its size for lack of room to rewrite it once. */
  readonly shrinkable: boolean;
  readonly #db: Database;
  readonly #path: string;
  readonly #limits: Limits;
  readonly #insert: Statement;
  readonly #files: DatabaseFiles;
  #open = true;

  private constructor(db: Database, path: string, limits: Limits) {
    this.#db = db;
    this.#path = path;
    this.#limits = limits;
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    requireAccessLog(db);
    requireSound(db, path);
    // Before WAL mode, which writes the first page and with it settles auto_vacuum.
    this.shrinkable = makeShrinkable(db);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    db.run(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
    migrate(db);
    const names = COLUMNS.map(({ name }) => name);
    const places = names.map(() => "?").join(", ");
    this.#insert = db.prepare(`INSERT INTO logs (${names.join(", ")}) VALUES (${places})`);
    this.#files = new DatabaseFiles(path);
  }

  /**
   * Opens the database, creating or migrating it. A new file can be read by its owner alone.
   * @throws {SQLiteError} when it cannot be opened, read or locked
   * @throws {SchemaError} when it is not an access log, or a newer gateway's
   * @throws {CorruptError} when it can be opened and is damaged nevertheless
   */
  static open(path: string, limits: Limits): Store {
    createPrivately(path);
    const db = new Database(path, { create: true, readwrite: true });
    try {
      return new Store(db, path, limits);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /**
   * Writes all records in one transaction, or none. Their texts must have been escaped.
   * @throws {SQLiteError}
   */
  append(records: readonly ExchangeRecord[]): void {
    this.#db.run("BEGIN IMMEDIATE");
    try {
      for (const record of records) this.#insert.run(...valuesOf(record));
      this.#db.run("COMMIT");
    } catch (error) {
      // Some errors, like a full disk, have rolled back already.
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      throw error;
    }
  }

  /** What somebody did to its files, if anybody did anything. */
  fileChange(): FileChange | undefined {
    const change = this.#files.change();
    if (change?.kind !== "shortened") return change;
    return this.#isWalWhole() ? undefined : { ...change, kind: "emptied" };
  }

  /** Whether the -wal file has all that SQLite believes to be in it. */
  #isWalWhole(): boolean {
    try {
      const { log } = checkpoint(this.#db, "PASSIVE");
      const frame = numberOf(this.#db, "page_size") + WAL_FRAME_HEADER;
      return log <= 0 || this.#files.walSize >= WAL_HEADER + log * frame;
    } catch (error) {
      // While it is locked, nobody knows; the next look will tell.
      return isLocked(error);
    }
  }

  /**
   * Enforces the limits as of `now` (epoch milliseconds), in short steps between which rows can be
   * appended; ends early when the store is closed meanwhile.
   * @throws {SQLiteError}
   */
  async retention(now: number): Promise<void> {
    for (const _ of retention(this.#db, this.#path, this.#limits, now)) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.#open) return;
    }
  }

  /**
   * Leaves everything in the one database file, even one that has lost its name, unless a reader
   * holds on to the WAL.
   */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      checkpoint(this.#db, "TRUNCATE");
    } finally {
      this.#release();
    }
  }

  /** Closes a database that has been set aside: its files stay as they are. */
  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#release();
  }

  #release(): void {
    this.#insert.finalize();
    this.#db.close();
  }
}
