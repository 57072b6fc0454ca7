import type { FileChange } from "../../sqlite/database-files.ts";
import { OpenDatabase } from "../../sqlite/open-database.ts";
import { nextTurn } from "../../time/next-turn.ts";
import type { Note } from "../notes/note.ts";
import type { ExchangeRecord } from "../record.ts";
import type { Companion } from "./companion.ts";
import { companionKinds } from "./companions.ts";
import { retention } from "./retention.ts";
import type { Limits } from "./limits.ts";
import { RowInserter } from "./row-inserter.ts";
import { accessLogSchema } from "./schema.ts";

/** The access log's database, for the thread that writes it. */
export class Store {
  readonly #file: OpenDatabase;
  readonly #path: string;
  readonly #limits: Limits;
  readonly #rows: RowInserter;
  readonly #companions: readonly Companion[];

  private constructor(file: OpenDatabase, path: string, limits: Limits) {
    this.#file = file;
    this.#path = path;
    this.#limits = limits;
    this.#rows = new RowInserter(file.db);
    this.#companions = companionKinds.map((kind) => kind.open(file.db));
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
   * Writes all records that are logged in one transaction, or none, and what accompanies them. Their texts must have been escaped.
   * @throws {SQLiteError}
   */
  append(records: readonly ExchangeRecord[]): void {
    try {
      this.#file.transaction(() => this.#append(records));
    } catch (error) {
      for (const companion of this.#companions) companion.undone?.();
      throw error;
    }
  }

  /**
   * Writes what is kept besides exchanges, in one transaction.
   * @throws {SQLiteError}
   */
  note(notes: readonly Note[]): void {
    this.#file.transaction(() => {
      for (const companion of this.#companions) companion.note?.(notes);
    });
  }

  #append(records: readonly ExchangeRecord[]): void {
    const rows = records.every(isLogged) ? records : records.filter(isLogged);
    const lastId = this.#rows.insert(rows);
    for (const companion of this.#companions) {
      companion.append(rows, lastId - rows.length + 1, records);
    }
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
    for (const _ of this.#maintenance(now)) {
      await nextTurn();
      if (!this.#file.isOpen) return;
    }
  }

  *#maintenance(now: number): Generator<void, void> {
    yield* retention(this.#file.db, this.#path, this.#limits, now);
    for (const companion of this.#companions) {
      if (companion.maintain !== undefined) yield* companion.maintain();
    }
  }

  /** See `OpenDatabase`. */
  close(): void {
    if (!this.#file.isOpen) return;
    if (this.fileChange() === undefined) this.#finish();
    this.#end();
    this.#file.close();
  }

  /** See `OpenDatabase`. */
  abandon(): void {
    if (!this.#file.isOpen) return;
    this.#end();
    this.#file.abandon();
  }

  #finish(): void {
    for (const companion of this.#companions) {
      try {
        companion.closing?.();
      } catch {
        // What could not be done is done when the file is opened again.
      }
    }
  }

  #end(): void {
    this.#rows.close();
    for (const companion of this.#companions) companion.close?.();
  }
}

const isLogged = (record: ExchangeRecord): boolean => record.isLogged;
