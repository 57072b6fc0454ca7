import { Database } from "bun:sqlite";
import { createPrivately, DatabaseFiles, type FileChange } from "./database-files.ts";
import { isLocked } from "./failures.ts";
import { checkpoint, makeShrinkable, numberOf, requireSound } from "./pragmas.ts";

/** Milliseconds to wait for another connection's lock. The caller retries. */
const BUSY_TIMEOUT = 250;
const WAL_BYTES_KEPT = 8 * 2 ** 20;
/** Header sizes in bytes, of the file and of each page in it. */
const WAL_HEADER = 32;
const WAL_FRAME_HEADER = 24;

/** What a database contains. */
export interface DatabaseSchema {
  /** Throws a SchemaError if the database is not one of these, before anything in it is changed. */
  require(this: void, db: Database): void;
  /** Brings it to this gateway's schema, creating what is missing. */
  migrate(this: void, db: Database): void;
}

/** A database in WAL mode that a thread of the gateway writes, and whose files may change under it. */
export class OpenDatabase {
  readonly db: Database;
  /** False if there was no room to rewrite the file, which therefore never shrinks. */
  readonly shrinkable: boolean;
  readonly #files: DatabaseFiles;
  #isOpen = true;

  private constructor(
    db: Database,
    path: string,
    files: DatabaseFiles,
    schema: DatabaseSchema,
    isChecked: boolean,
  ) {
    this.db = db;
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    schema.require(db);
    if (!isChecked) requireSound(db, path);
    // Before WAL mode, which writes the first page and with it fixes auto_vacuum.
    this.shrinkable = makeShrinkable(db);
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = NORMAL");
    db.run(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
    schema.migrate(db);
    this.#files = files;
    files.opened();
  }

  /**
   * Opens the database, creating or migrating it. Only the owner can read a new file. The file is
   * checked for damage unless it has been already.
   * @throws {SQLiteError} when it cannot be opened, read or locked
   * @throws {SchemaError} when it is another program's, or a newer gateway's
   * @throws {CorruptError} when it can be opened but is damaged
   */
  static open(path: string, schema: DatabaseSchema, isChecked: boolean): OpenDatabase {
    createPrivately(path);
    const files = new DatabaseFiles(path);
    const db = new Database(path, { create: true, readwrite: true });
    try {
      return new OpenDatabase(db, path, files, schema, isChecked);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Runs everything in one transaction, or nothing.
   * @throws {SQLiteError}
   */
  transaction<Result>(work: () => Result): Result {
    this.db.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.db.run("COMMIT");
      return result;
    } catch (error) {
      // After some errors, like a full disk, SQLite has rolled back already.
      if (this.db.inTransaction) this.db.run("ROLLBACK");
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
      const { log } = checkpoint(this.db, "PASSIVE");
      const frame = numberOf(this.db, "page_size") + WAL_FRAME_HEADER;
      return log <= 0 || this.#files.walSize >= WAL_HEADER + log * frame;
    } catch (error) {
      // Unknown while locked; the next check decides.
      return isLocked(error);
    }
  }

  /**
   * Closes the database and moves everything into its main file, even if that was renamed or removed,
   * unless a reader still uses the WAL.
   */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      checkpoint(this.db, "TRUNCATE");
    } finally {
      this.db.close();
    }
  }

  /** Closes a database that has been renamed, and leaves its files as they are. */
  abandon(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.db.close();
  }
}
