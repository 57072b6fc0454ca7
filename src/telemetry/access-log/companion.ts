import type { Database } from "bun:sqlite";
import type { Note } from "../notes/note.ts";
import type { ExchangeRecord } from "../record.ts";
import type { Limits } from "./limits.ts";

/** What is written with the rows, in their transactions: sums and indexes of them. */
export interface Companion {
  /**
   * Called within the transaction, when the rows have been inserted with consecutive ids from `firstId`.
   * `all` has those besides that are only counted, in the order of their end. Texts are escaped as in the
   * rows. What it throws undoes the rows too.
   */
  append(rows: readonly ExchangeRecord[], firstId: number, all: readonly ExchangeRecord[]): void;
  /** Takes what is written besides exchanges, within a transaction of its own. */
  note?(notes: readonly Note[]): void;
  /** What `append` did last has been rolled back. */
  undone?(): void;
  /** The database is about to be closed and can still be written to. What it throws is of no consequence. */
  closing?(): void;
  /**
   * What is left to do when no rows come. Yields after each step of a few milliseconds, so that rows can
   * be written in between. Called now and then, outside of transactions.
   */
  maintain?(): Generator<void, void>;
  /** Called when the database is closed. */
  close?(): void;
}

/** A kind of companion in the registry. */
export interface CompanionKind {
  /** The statements that create its tables and indexes, by the names of these. */
  readonly parts: Readonly<Record<string, string>>;
  /** Called when the database has been opened and has the parts. */
  open(db: Database): Companion;
  /**
   * Deletes what is not kept any longer; `now` is in epoch milliseconds. Yields after each step of a few
   * milliseconds, so that rows can be written in between. Called after old rows have been deleted.
   */
  retention?(db: Database, limits: Limits, now: number): Generator<void, void>;
  /** Deletes what belongs to rows that are gone, for a few milliseconds. Called after each step of deleting them. */
  forgetDeleted?(db: Database): void;
  /**
   * Deletes some of the oldest, for a few milliseconds, because the file is too large and no rows are left
   * to delete, or next to none. False if it has nothing to delete.
   */
  deleteOldest?(db: Database): boolean;
}
