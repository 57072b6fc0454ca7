import type { Database } from "bun:sqlite";
import { QueryError } from "./errors.ts";

/** What a query may use while it runs. */
export interface QueryContext {
  /** A read-only connection. */
  readonly db: Database;
  /** The columns of table `logs`: an older gateway's has fewer. */
  readonly columns: ReadonlySet<string>;
  /** The tables: an older gateway's file has fewer. */
  readonly tables: ReadonlySet<string>;
  readonly time: TimeLimit;
}

/**
 * A query of the access log's file. It runs on a thread of its own and nothing can interrupt a statement
 * of SQLite, so each statement reads at most some thousand rows, and between two of them it looks at the
 * time. Requests and answers are copied between threads: plain data.
 */
export type Query<Request, Answer> = (context: QueryContext, request: Request) => Answer;

/** The time that a query may take. */
export class TimeLimit {
  readonly #end: number;
  readonly #now: () => number;
  readonly #limit: number;

  /** `limit` in milliseconds; `now` is monotonic time in milliseconds. */
  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
    this.#end = now() + limit;
  }

  /** Milliseconds that are left, 0 when the time is up. */
  get left(): number {
    return Math.max(0, this.#end - this.#now());
  }

  /**
   * For queries that have nothing to show for half of their work.
   * @throws {QueryError} when the time is up
   */
  check(): void {
    if (this.left === 0) throw timeIsUp(this.#limit);
  }

  /** A shorter limit within this one. */
  slice(limit: number): TimeLimit {
    return new TimeLimit(Math.min(limit, this.left), this.#now);
  }
}

/** The query took longer than `limit`, in milliseconds. */
export function timeIsUp(limit: number): QueryError {
  return new QueryError(
    "time_is_up",
    `the query took longer than ${Math.round(limit)} ms; ask for less, like a shorter time`,
  );
}
