import type { Clock } from "../../time/clock.ts";
import type { LogLevel } from "../level.ts";
import type { ExchangeRecord } from "../record.ts";
import { unpack } from "./batch.ts";
import { Condition } from "./condition.ts";
import { type FileChange, openMode, setAside } from "./database-files.ts";
import {
  areRowsAtFault,
  describeFailure,
  isConnectionSound,
  isCorrupt,
  isLocked,
} from "./failures.ts";
import type { WriterAnswer, WriterRequest } from "./messages.ts";
import type { Limits } from "./retention.ts";
import { isSomebodyElses } from "./schema.ts";
import { Store } from "./store.ts";

const FIRST_RETRY = 50;
const LAST_RETRY = 1_000;
const RETENTION_INTERVAL = 10_000;
/** How often the files are checked while nothing is written, in milliseconds. */
const WATCH_INTERVAL = 500;
/** A file system whose inodes are not stable must not have a batch written again and again. */
const MOST_REPETITIONS = 3;
/** Limits how many files a failing disk can produce. In milliseconds. */
const SET_ASIDE_INTERVAL = 1_000;

/** The worker's side: writes one batch at a time, and keeps it until it is in the database. */
export class Writer {
  readonly #database: string;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #answer: (answer: WriterAnswer) => void;
  readonly #writing: Condition;
  readonly #refusing: Condition;
  readonly #retaining: Condition;
  #store: Store | undefined;
  #batch: readonly ExchangeRecord[] = [];
  #retryDelay = FIRST_RETRY;
  /** How often the batch was written to files that were then found to have changed. */
  #repetitions = 0;
  #lastSetAside = -Infinity;
  /** Whether the file has been checked for damage since it came to be there. */
  #isChecked = false;
  #isModeReported = false;
  #cancelRetry = (): void => {};
  #cancelRetention = (): void => {};
  #cancelWatch = (): void => {};

  constructor(
    database: string,
    limits: Limits,
    clock: Clock,
    answer: (answer: WriterAnswer) => void,
  ) {
    this.#database = database;
    this.#limits = limits;
    this.#clock = clock;
    this.#answer = answer;
    const report = (level: LogLevel, message: string) => this.#report(level, message);
    this.#writing = new Condition(
      report,
      `cannot write to ${database}, rows wait in memory`,
      `writing to ${database} again`,
    );
    this.#refusing = new Condition(
      report,
      `rows lost, ${database} rejects them`,
      `${database} accepts rows again`,
    );
    this.#retaining = new Condition(
      report,
      `cannot delete old rows from ${database}`,
      `deleting old rows from ${database} again`,
    );
  }

  receive(request: WriterRequest): void {
    switch (request.kind) {
      case "open":
        this.#answer({ kind: "ready" });
        this.#attempt();
        this.#watch();
        return;
      case "batch":
        this.#batch = unpack(request.packed);
        this.#attempt();
        return;
      case "close":
        this.#cancelRetry();
        this.#cancelWatch();
        this.#closeStore();
        this.#answer({ kind: "closed" });
    }
  }

  #attempt(): void {
    this.#cancelRetry();
    try {
      this.#leaveChangedFile();
      this.#store ??= this.#openStore();
      if (this.#batch.length > 0) this.#store.append(this.#batch);
    } catch (error) {
      this.#failed(error);
      return;
    }
    // Rows in a file that was removed meanwhile are lost: write them to the new one as well.
    if (this.#batch.length > 0 && this.#repetitions < MOST_REPETITIONS) {
      if (this.#leaveChangedFile()) {
        this.#repetitions += 1;
        this.#retryIn(0);
        return;
      }
    }
    this.#retryDelay = FIRST_RETRY;
    this.#writing.succeeded();
    if (this.#batch.length > 0) this.#refusing.succeeded();
    this.#settle("written");
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

  #settle(kind: "written" | "refused"): void {
    if (this.#batch.length === 0) return;
    this.#batch = [];
    this.#repetitions = 0;
    this.#answer({ kind });
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
      this.#report("warn", leavingMessage(change, this.#database));
    }
    this.#closeStore();
    return true;
  }

  /**
   * Renames a damaged database, so that the next attempt creates a new one. False if it must not or
   * cannot be renamed; the caller then reports the damage.
   */
  #setAside(cause: string): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#lastSetAside < SET_ASIDE_INTERVAL) return false;
    if (this.#store === undefined && isSomebodyElses(this.#database)) return false;
    let target: string;
    try {
      target = setAside(this.#database, this.#clock.wall());
    } catch {
      return false;
    }
    this.#lastSetAside = now;
    this.#isChecked = false;
    this.#report(
      "error",
      `${this.#database} is damaged (${cause}); it was renamed to ${target} and a new one was created. ` +
        `To recover its rows: sqlite3 ${target} .recover | sqlite3 recovered.db; docs/access-log.md has another way`,
    );
    this.#cancelRetention();
    const store = this.#store;
    this.#store = undefined;
    store?.abandon();
    return true;
  }

  #openStore(): Store {
    const store = Store.open(this.#database, this.#limits, this.#isChecked);
    this.#isChecked = true;
    if (!store.shrinkable) {
      this.#report(
        "warn",
        `no room to rewrite ${this.#database}; the file will not shrink when rows are deleted`,
      );
    }
    this.#reportMode();
    this.#scheduleRetention(store, 0);
    return store;
  }

  #reportMode(): void {
    const mode = openMode(this.#database);
    if (mode === undefined || this.#isModeReported) return;
    this.#isModeReported = true;
    this.#report(
      "warn",
      `other users can read ${this.#database} (mode ${mode}); \`chmod 600 ${this.#database}\` changes that`,
    );
  }

  #scheduleRetention(store: Store, delay: number): void {
    this.#cancelRetention();
    this.#cancelRetention = this.#clock.schedule(delay, () => void this.#retention(store));
  }

  async #retention(store: Store): Promise<void> {
    try {
      await store.retention(this.#clock.wall());
      this.#retaining.succeeded();
    } catch (error) {
      if (store !== this.#store) return;
      if (isCorrupt(error) && this.#setAside(describeFailure(error))) {
        this.#attempt();
        return;
      }
      // A lock is short, or stops writing too, which reports it.
      if (!isLocked(error)) this.#retaining.failed(describeFailure(error));
    }
    if (store === this.#store) this.#scheduleRetention(store, RETENTION_INTERVAL);
  }

  #closeStore(): void {
    this.#cancelRetention();
    const store = this.#store;
    this.#store = undefined;
    try {
      store?.close();
    } catch {
      // Already reported, or it only leaves a WAL file.
    }
  }

  #report(level: LogLevel, message: string): void {
    this.#answer({ kind: "report", level, message: `access log: ${message}` });
  }
}

function leavingMessage({ kind, file }: FileChange, database: string): string {
  const what = kind === "removed" ? "moved or removed" : "replaced by another file";
  return `${file} was ${what} while in use; opening ${database} again`;
}
