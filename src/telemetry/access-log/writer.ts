import { SQLiteError } from "bun:sqlite";
import type { Clock } from "../../time/clock.ts";
import { escaped } from "../../units/printable.ts";
import type { LogLevel } from "../level.ts";
import type { ExchangeRecord } from "../record.ts";
import { unpack } from "./batch.ts";
import { Condition } from "./condition.ts";
import type { WriterAnswer, WriterRequest } from "./messages.ts";
import type { Limits } from "./retention.ts";
import { Store } from "./store.ts";

const FIRST_RETRY = 50;
const LAST_RETRY = 1_000;
const RETENTION_INTERVAL = 10_000;

/** What no retry can heal, because the rows themselves are at fault. */
const ROWS_AT_FAULT = /^SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;
/** What heals on the open connection; after anything else the database is opened anew. */
const CONNECTION_IS_SOUND = /^SQLITE_(?:BUSY|LOCKED|FULL)/;

/** The worker's side: writes one batch at a time, and keeps it until the database takes it. */
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
  #cancelRetry = (): void => {};
  #cancelRetention = (): void => {};

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
    const report = (level: LogLevel, message: string) =>
      answer({ kind: "report", level, message: `access log: ${message}` });
    this.#writing = new Condition(
      report,
      `cannot write to ${database}, rows wait in memory`,
      `writing to ${database} again`,
    );
    this.#refusing = new Condition(
      report,
      `rows lost, ${database} refuses them`,
      `${database} takes rows again`,
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
        return;
      case "batch":
        this.#batch = unpack(request.packed, escaped);
        this.#attempt();
        return;
      case "close":
        this.#cancelRetry();
        this.#cancelRetention();
        this.#closeStore();
        this.#answer({ kind: "closed" });
    }
  }

  #attempt(): void {
    this.#cancelRetry();
    try {
      this.#store ??= this.#openStore();
      if (this.#batch.length > 0) this.#store.append(this.#batch);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#retryDelay = FIRST_RETRY;
    this.#writing.succeeded();
    if (this.#batch.length > 0) this.#refusing.succeeded();
    this.#settle("written");
  }

  #failed(error: unknown): void {
    const code = error instanceof SQLiteError ? (error.code ?? "") : "";
    const rowsAtFault = ROWS_AT_FAULT.test(code) || !(error instanceof SQLiteError);
    if (this.#store !== undefined && rowsAtFault) {
      this.#refusing.failed(describe(error));
      this.#settle("refused");
      return;
    }
    this.#writing.failed(describe(error));
    if (!CONNECTION_IS_SOUND.test(code)) this.#closeStore();
    this.#cancelRetry = this.#clock.schedule(this.#retryDelay, () => this.#attempt());
    this.#retryDelay = Math.min(this.#retryDelay * 2, LAST_RETRY);
  }

  #settle(kind: "written" | "refused"): void {
    if (this.#batch.length === 0) return;
    this.#batch = [];
    this.#answer({ kind });
  }

  #openStore(): Store {
    const store = Store.open(this.#database, this.#limits);
    if (!store.shrinkable) {
      this.#answer({
        kind: "report",
        level: "warn",
        message: `access log: no room to rewrite ${this.#database} once; it will not shrink when rows are deleted`,
      });
    }
    this.#cancelRetention();
    this.#scheduleRetention(store, 0);
    return store;
  }

  #scheduleRetention(store: Store, delay: number): void {
    this.#cancelRetention = this.#clock.schedule(delay, () => void this.#retention(store));
  }

  async #retention(store: Store): Promise<void> {
    try {
      await store.retention(this.#clock.wall());
      this.#retaining.succeeded();
    } catch (error) {
      // A lock is soon gone, or stops the writing too, which then says so.
      if (!isLock(error)) this.#retaining.failed(describe(error));
    }
    if (store === this.#store) this.#scheduleRetention(store, RETENTION_INTERVAL);
  }

  #closeStore(): void {
    try {
      this.#store?.close();
    } catch {
      // What made closing fail has been reported, or leaves nothing worse than a WAL file.
    }
    this.#store = undefined;
  }
}

const isLock = (error: unknown): boolean =>
  error instanceof SQLiteError && /^SQLITE_(?:BUSY|LOCKED)/.test(error.code ?? "");

function describe(error: unknown): string {
  if (error instanceof SQLiteError) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
