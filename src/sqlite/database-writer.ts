import { isAnotherDatabase } from "./pragmas.ts";
import type { Clock } from "../time/clock.ts";
import type { LogLevel } from "../units/log-level.ts";
import { Condition } from "./condition.ts";
import { type FileChange, openMode, setAside } from "./database-files.ts";
import {
  areRowsAtFault,
  describeFailure,
  isConnectionSound,
  isCorrupt,
  isLocked,
} from "./failures.ts";

const FIRST_RETRY = 50;
const LAST_RETRY = 1_000;
const MAINTENANCE_INTERVAL = 10_000;
/** How often the files are checked while nothing is written, in milliseconds. */
const WATCH_INTERVAL = 500;
/** A file system whose inodes are not stable must not have a batch written again and again. */
const MOST_REPETITIONS = 3;
/** Limits how many files a failing disk can produce. In milliseconds. */
const SET_ASIDE_INTERVAL = 1_000;

/** A database that can be written to. */
export interface WritableStore {
  /** False if there was no room to rewrite the file, which therefore never shrinks. */
  readonly shrinkable: boolean;
  /** What happened to the files since they were opened; undefined if nothing did. */
  fileChange(): FileChange | undefined;
  /** Closes the database and moves everything into its main file. */
  close(): void;
  /** Closes a database that has been renamed, and leaves its files as they are. */
  abandon(): void;
}

/** What a writer writes, and where. */
export interface WriterUse<Store extends WritableStore, Batch, Written> {
  /** Path of the SQLite file. */
  readonly database: string;
  /** A table that every such database has; one without it is another program's. */
  readonly table: string;
  /** What its rows are called in messages, and what else is said of them. */
  readonly words: {
    /** "access log": begins every message. */
    readonly name: string;
    /** "rows wait in memory" */
    readonly waiting: string;
    /** "rows lost" */
    readonly refused: string;
    /** "rows" */
    readonly rows: string;
    /** How to get at what a damaged file had. */
    readonly recovery: (damaged: string) => string;
  };
  /** The file is checked for damage unless it has been already. */
  open(isChecked: boolean): Store;
  /** Writes a batch in one transaction, or nothing of it. */
  write(store: Store, batch: Batch): Written;
  /** Deletes old rows and the like, in short steps, between which batches are written. */
  maintain(store: Store, now: number): Promise<void>;
  /** Called with the database when it has been opened, again too. */
  opened?(store: Store): void;
  /** Called when a batch is in the database, or can never be. */
  settled(outcome: { readonly written: Written } | "refused"): void;
  report(level: LogLevel, message: string): void;
}

/**
 * Writes one batch at a time to a database, and keeps it until it is there: while the file is locked,
 * full or missing, and in a new file if it was removed, replaced or is damaged. For a worker.
 */
export class DatabaseWriter<Store extends WritableStore, Batch, Written> {
  readonly #use: WriterUse<Store, Batch, Written>;
  readonly #clock: Clock;
  readonly #writing: Condition;
  readonly #refusing: Condition;
  readonly #maintaining: Condition;
  #store: Store | undefined;
  #batch: Batch | undefined;
  #retryDelay = FIRST_RETRY;
  /** How often the batch was written to files that were then found to have changed. */
  #repetitions = 0;
  #lastSetAside = -Infinity;
  /** Whether the file has been checked for damage since it came to be there. */
  #isChecked = false;
  #isModeReported = false;
  #cancelRetry = (): void => {};
  #cancelMaintenance = (): void => {};
  #cancelWatch = (): void => {};

  constructor(use: WriterUse<Store, Batch, Written>, clock: Clock) {
    this.#use = use;
    this.#clock = clock;
    const { database, words } = use;
    const report = (level: LogLevel, message: string) => this.#report(level, message);
    this.#writing = new Condition(
      report,
      `cannot write to ${database}, ${words.waiting}`,
      `writing to ${database} again`,
    );
    this.#refusing = new Condition(
      report,
      `${words.refused}, ${database} rejects them`,
      `${database} accepts ${words.rows} again`,
    );
    this.#maintaining = new Condition(
      report,
      `cannot delete old ${words.rows} from ${database}`,
      `deleting old ${words.rows} from ${database} again`,
    );
  }

  start(): void {
    this.#attempt();
    this.#watch();
  }

  /** Writes a batch. The next one may come when this one is settled. */
  write(batch: Batch): void {
    this.#batch = batch;
    this.#attempt();
  }

  /** Reads from the database. Undefined while it cannot be read; why is reported when it is written. */
  read<Found>(from: (store: Store) => Found): Found | undefined {
    const store = this.#store;
    if (store === undefined) return undefined;
    try {
      return from(store);
    } catch (error) {
      if (isCorrupt(error) && this.#setAside(describeFailure(error))) this.#retryIn(0);
      return undefined;
    }
  }

  close(): void {
    this.#cancelRetry();
    this.#cancelWatch();
    this.#closeStore();
  }

  #attempt(): void {
    this.#cancelRetry();
    const batch = this.#batch;
    let written: Written | undefined;
    try {
      this.#leaveChangedFile();
      this.#store ??= this.#openStore();
      if (batch !== undefined) written = this.#use.write(this.#store, batch);
    } catch (error) {
      this.#failed(error);
      return;
    }
    // Rows in a file that was removed meanwhile are lost: write them to the new one as well.
    if (batch !== undefined && this.#repetitions < MOST_REPETITIONS && this.#leaveChangedFile()) {
      this.#repetitions += 1;
      this.#retryIn(0);
      return;
    }
    this.#retryDelay = FIRST_RETRY;
    this.#writing.succeeded();
    if (batch === undefined) return;
    this.#refusing.succeeded();
    this.#settle({ written: written as Written });
  }

  #failed(error: unknown): void {
    // The file at the path may no longer be the one that failed.
    if (this.#leaveChangedFile() || (isCorrupt(error) && this.#setAside(describeFailure(error)))) {
      this.#retryIn(0);
      return;
    }
    if (this.#store !== undefined && areRowsAtFault(error)) {
      this.#refusing.failed(describeFailure(error));
      this.#settle("refused");
      return;
    }
    this.#writing.failed(describeFailure(error));
    if (!isConnectionSound(error)) this.#closeStore();
    this.#retryIn(this.#retryDelay);
    this.#retryDelay = Math.min(this.#retryDelay * 2, LAST_RETRY);
  }

  #retryIn(delay: number): void {
    this.#cancelRetry = this.#clock.schedule(delay, () => this.#attempt());
  }

  #settle(outcome: { readonly written: Written } | "refused"): void {
    if (this.#batch === undefined) return;
    this.#batch = undefined;
    this.#repetitions = 0;
    this.#use.settled(outcome);
  }

  #watch(): void {
    this.#cancelWatch = this.#clock.schedule(WATCH_INTERVAL, () => {
      if (this.#leaveChangedFile()) this.#attempt();
      this.#watch();
    });
  }

  /** Closes the database if its files were removed, replaced or emptied. True if they were. */
  #leaveChangedFile(): boolean {
    const change = this.#store?.fileChange();
    if (change === undefined) return false;
    this.#isChecked = false;
    if (change.kind === "emptied") {
      if (this.#setAside(`${change.file} was emptied while in use`)) return true;
    } else {
      this.#report("warn", leavingMessage(change, this.#use.database));
    }
    this.#closeStore();
    return true;
  }

  /**
   * Renames a damaged database, so that the next attempt creates a new one. False if it must not or
   * cannot be renamed; the caller then reports the damage.
   */
  #setAside(cause: string): boolean {
    const { database, table, words } = this.#use;
    const now = this.#clock.monotonic();
    if (now - this.#lastSetAside < SET_ASIDE_INTERVAL) return false;
    if (this.#store === undefined && isAnotherDatabase(database, table)) return false;
    let target: string;
    try {
      target = setAside(database, this.#clock.wall());
    } catch {
      return false;
    }
    this.#lastSetAside = now;
    this.#isChecked = false;
    this.#report(
      "error",
      `${database} is damaged (${cause}); it was renamed to ${target} and a new one was created. ${words.recovery(target)}`,
    );
    this.#cancelMaintenance();
    const store = this.#store;
    this.#store = undefined;
    store?.abandon();
    return true;
  }

  #openStore(): Store {
    const { database, words } = this.#use;
    const store = this.#use.open(this.#isChecked);
    this.#isChecked = true;
    if (!store.shrinkable) {
      this.#report(
        "warn",
        `no room to rewrite ${database}; the file will not shrink when ${words.rows} are deleted`,
      );
    }
    this.#reportMode();
    this.#scheduleMaintenance(store, 0);
    this.#use.opened?.(store);
    return store;
  }

  #reportMode(): void {
    const { database } = this.#use;
    const mode = openMode(database);
    if (mode === undefined || this.#isModeReported) return;
    this.#isModeReported = true;
    this.#report(
      "warn",
      `other users can read ${database} (mode ${mode}); \`chmod 600 ${database}\` changes that`,
    );
  }

  #scheduleMaintenance(store: Store, delay: number): void {
    this.#cancelMaintenance();
    this.#cancelMaintenance = this.#clock.schedule(delay, () => void this.#maintain(store));
  }

  async #maintain(store: Store): Promise<void> {
    // It writes too.
    if (this.#leaveChangedFile()) {
      this.#attempt();
      return;
    }
    try {
      await this.#use.maintain(store, this.#clock.wall());
      this.#maintaining.succeeded();
    } catch (error) {
      if (store !== this.#store) return;
      if (isCorrupt(error) && this.#setAside(describeFailure(error))) {
        this.#attempt();
        return;
      }
      // A lock is short, or stops writing too, which reports it.
      if (!isLocked(error)) this.#maintaining.failed(describeFailure(error));
    }
    if (store === this.#store) this.#scheduleMaintenance(store, MAINTENANCE_INTERVAL);
  }

  #closeStore(): void {
    this.#cancelMaintenance();
    const store = this.#store;
    this.#store = undefined;
    try {
      store?.close();
    } catch {
      // Already reported, or it only leaves a WAL file.
    }
  }

  #report(level: LogLevel, message: string): void {
    this.#use.report(level, `${this.#use.words.name}: ${message}`);
  }
}

function leavingMessage({ kind, file }: FileChange, database: string): string {
  const what = kind === "removed" ? "moved or removed" : "replaced by another file";
  return `${file} was ${what} while in use; opening ${database} again`;
}
