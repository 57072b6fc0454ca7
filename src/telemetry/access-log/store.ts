import { Database } from "bun:sqlite";
import type { Statement } from "bun:sqlite";
import { nextTurn } from "../../time/next-turn.ts";
import type { ExchangeRecord } from "../record.ts";
import { COLUMNS, valuesOf } from "./columns.ts";
import { createPrivately, DatabaseFiles, type FileChange } from "./database-files.ts";
import { isLocked } from "./failures.ts";
import { checkpoint, retention } from "./retention.ts";
import type { Limits } from "./retention.ts";
import { makeShrinkable, migrate, numberOf, requireAccessLog, requireSound } from "./schema.ts";

/** Milliseconds to wait for another connection's lock. The caller retries. */
const BUSY_TIMEOUT = 250;
const WAL_BYTES_KEPT = 8 * 2 ** 20;
/** Header sizes in bytes, of the file and of each page in it. */
const WAL_HEADER = 32;
const WAL_FRAME_HEADER = 24;

/** The access log's database, for the thread that writes it. */
export class Store {
  /** False if there was no room to rewrite the file, which therefore never shrinks. */
  readonly shrinkable: boolean;
  readonly #db: Database;
  readonly #path: string;
  readonly #limits: Limits;
  readonly #insert: Statement;
  readonly #files: DatabaseFiles;
  #open = true;

  private constructor(
    db: Database,
    path: string,
    files: DatabaseFiles,
    limits: Limits,
    isChecked: boolean,
  ) {
    this.#db = db;
    this.#path = path;
    this.#limits = limits;
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    requireAccessLog(db);
    if (!isChecked) requireSound(db, path);
    // Before WAL mode, which writes the first page and with it fixes auto_vacuum.
    this.shrinkable = makeShrinkable(db);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    db.run(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
    migrate(db);
    const names = COLUMNS.map(({ name }) => name);
    const places = names.map(() => "?").join(", ");
    this.#insert = db.prepare(`INSERT INTO logs (${names.join(", ")}) VALUES (${places})`);
    this.#files = files;
    files.opened();
  }

  /**
   * Opens the database, creating or migrating it. Only the owner can read a new file. The file is
   * checked for damage unless it has been already.
   * @throws {SQLiteError} when it cannot be opened, read or locked
   * @throws {SchemaError} when it is not an access log, or a newer gateway's
   * @throws {CorruptError} when it can be opened but is damaged
   */
  static open(path: string, limits: Limits, isChecked = false): Store {
    createPrivately(path);
    const files = new DatabaseFiles(path);
    const db = new Database(path, { create: true, readwrite: true });
    try {
      return new Store(db, path, files, limits, isChecked);
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
      // After some errors, like a full disk, SQLite has rolled back already.
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      throw error;
    }
  }

  /** What happened to the files since they were opened; undefined if nothing did. */
  fileChange(): FileChange | undefined {
    const change = this.#files.change();
    if (change?.kind !== "shortened") return change;
    return this.#isWalWhole() ? undefined : { ...change, kind: "emptied" };
  }

  /** Whether the -wal file is as long as SQLite expects. */
  #isWalWhole(): boolean {
    try {
      const { log } = checkpoint(this.#db, "PASSIVE");
      const frame = numberOf(this.#db, "page_size") + WAL_FRAME_HEADER;
      return log <= 0 || this.#files.walSize >= WAL_HEADER + log * frame;
    } catch (error) {
      // Unknown while locked; the next check decides.
      return isLocked(error);
    }
  }

  /**
   * Enforces the limits as of `now` (epoch milliseconds), in short steps; rows can be appended between
   * them. Ends early if the store is closed.
   * @throws {SQLiteError}
   */
  async retention(now: number): Promise<void> {
    for (const _ of retention(this.#db, this.#path, this.#limits, now)) {
      await nextTurn();
      if (!this.#open) return;
    }
  }

  /**
   * Closes the database and moves everything into its main file, even if that was renamed or removed,
   * unless a reader still uses the WAL.
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

  /** Closes a database that has been renamed, and leaves its files as they are. */
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
