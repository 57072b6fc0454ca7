import type { Statement } from "bun:sqlite";
import type { FileChange } from "../../sqlite/database-files.ts";
import { OpenDatabase } from "../../sqlite/open-database.ts";
import { nextTurn } from "../../time/next-turn.ts";
import type { ExchangeRecord } from "../record.ts";
import { COLUMNS, valuesOf } from "./columns.ts";
import { retention } from "./retention.ts";
import type { Limits } from "./retention.ts";
import { accessLogSchema } from "./schema.ts";

/** The access log's database, for the thread that writes it. */
export class Store {
  readonly #file: OpenDatabase;
  readonly #path: string;
  readonly #limits: Limits;
  readonly #insert: Statement;

  private constructor(file: OpenDatabase, path: string, limits: Limits) {
    this.#file = file;
    this.#path = path;
    this.#limits = limits;
    const names = COLUMNS.map(({ name }) => name);
    const places = names.map(() => "?").join(", ");
    this.#insert = file.db.prepare(`INSERT INTO logs (${names.join(", ")}) VALUES (${places})`);
  }

  /**
   * Opens the database, creating or migrating it. Only the owner can read a new file. The file is
   * checked for damage unless it has been already.
   * @throws {SQLiteError} when it cannot be opened, read or locked
   * @throws {SchemaError} when it is not an access log, or a newer gateway's
   * @throws {CorruptError} when it can be opened but is damaged
   */
  static open(path: string, limits: Limits, isChecked = false): Store {
    const file = OpenDatabase.open(path, accessLogSchema, isChecked);
    try {
      return new Store(file, path, limits);
    } catch (error) {
      file.abandon();
      throw error;
    }
  }

  /** False if there was no room to rewrite the file, which therefore never shrinks. */
  get shrinkable(): boolean {
    return this.#file.shrinkable;
  }

  /**
   * Writes all records in one transaction, or none. Their texts must have been escaped.
   * @throws {SQLiteError}
   */
  append(records: readonly ExchangeRecord[]): void {
    this.#file.transaction(() => {
      for (const record of records) this.#insert.run(...valuesOf(record));
    });
  }

  /** What happened to the files since they were opened; undefined if nothing did. */
  fileChange(): FileChange | undefined {
    return this.#file.fileChange();
  }

  /**
   * Enforces the limits as of `now` (epoch milliseconds), in short steps; rows can be appended between
   * them. Ends early if the store is closed.
   * @throws {SQLiteError}
   */
  async retention(now: number): Promise<void> {
    for (const _ of retention(this.#file.db, this.#path, this.#limits, now)) {
      await nextTurn();
      if (!this.#file.isOpen) return;
    }
  }

  /** See `OpenDatabase`. */
  close(): void {
    if (!this.#file.isOpen) return;
    this.#insert.finalize();
    this.#file.close();
  }

  /** See `OpenDatabase`. */
  abandon(): void {
    if (!this.#file.isOpen) return;
    this.#insert.finalize();
    this.#file.abandon();
  }
}
