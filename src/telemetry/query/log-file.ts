import { constants, Database } from "bun:sqlite";
import { realpathSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { tablesOf } from "../../sqlite/pragmas.ts";
import { asQueryError, QueryError } from "./errors.ts";
import {
  type AnswerOf,
  DEFAULT_TIMEOUT,
  type Queries,
  queries,
  queriesBy,
  type QueryName,
  type RequestOf,
} from "./queries.ts";
import { type Query, type QueryContext, TimeLimit } from "./query.ts";

/** A gateway's transactions are short; longer locks are reported. In milliseconds. */
const BUSY_TIMEOUT = 1_000;
/** A file that a gateway writes while it is read without locks is read once more. */
const MOST_REPETITIONS = 3;

interface Connection {
  readonly db: Database;
  readonly identity: string;
  /** Nobody writes it, so it is read without locks and without files next to it. */
  readonly isStill: boolean;
  readonly columns: ReadonlySet<string>;
  readonly tables: ReadonlySet<string>;
}

/**
 * The access log's file, opened for reading alone: while a gateway writes it, a copy without its -wal and
 * -shm files, in a folder that cannot be written, of an older gateway. The connection stays open until
 * `close`, or until the file is another one.
 */
export class LogFile {
  readonly #path: string;
  readonly #now: () => number;
  #connection: Connection | undefined;

  /** `now` is monotonic time in milliseconds. */
  constructor(path: string, now: () => number = () => performance.now()) {
    this.#path = path;
    this.#now = now;
  }

  /**
   * Asks a query; `timeout` in milliseconds.
   * @throws {QueryError}
   */
  ask<Name extends QueryName>(
    name: Name,
    request: RequestOf<Name>,
    timeout = DEFAULT_TIMEOUT,
  ): AnswerOf<Name> {
    const query = queries[name] as unknown as Query<RequestOf<Name>, AnswerOf<Name>>;
    const time = new TimeLimit(timeout, this.#now);
    for (let repetition = 1; ; repetition += 1) {
      try {
        const connection = this.#open();
        const answer = inOneView(connection.db, () => query({ ...connection, time }, request));
        if (this.#isUnchanged(connection) || repetition === MOST_REPETITIONS) return answer;
      } catch (error) {
        const before = this.#connection;
        const isRepeated = before !== undefined && !this.#isUnchanged(before);
        // A connection that failed may be the reason.
        this.close();
        if (!isRepeated || repetition === MOST_REPETITIONS) throw asQueryError(error, this.#path);
      }
      this.close();
    }
  }

  close(): void {
    this.#connection?.db.close();
    this.#connection = undefined;
  }

  #open(): Connection {
    const before = this.#connection;
    if (before !== undefined && this.#isUnchanged(before)) return before;
    this.close();
    this.#connection = this.#connect();
    return this.#connection;
  }

  /** Whether the connection still shows the file. */
  #isUnchanged({ isStill, identity }: Connection): boolean {
    return isStill === !this.#isWritten() && identity === identityOf(this.#path, isStill);
  }

  #connect(): Connection {
    // A gateway that has it open has this file; without it SQLite would create both of them.
    const isStill = !this.#isWritten();
    const identity = identityOf(this.#path, isStill);
    if (identity === undefined) throw new QueryError("no_file", `there is no file ${this.#path}`);
    let db: Database;
    try {
      db = isStill ? openStill(this.#path) : openShared(this.#path);
    } catch (error) {
      if (isStill) throw error;
      // Its -shm file can neither be read nor created, so nobody can be writing it here.
      db = openStill(this.#path);
    }
    try {
      return { db, identity, isStill, ...contentOf(db, this.#path) };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #isWritten(): boolean {
    return statSync(`${realPath(this.#path)}-wal`, { throwIfNoEntry: false }) !== undefined;
  }
}

/** The queries of a file that is read in this thread, for commands. Close it in the end. */
export function queriesOf(file: LogFile): Queries {
  return queriesBy((name, request, { timeout }) =>
    Promise.try(() => file.ask(name, request, timeout)),
  );
}

/** Statements of a query see the file as it is at one time, however much is written meanwhile. */
function inOneView<Answer>(db: Database, query: () => Answer): Answer {
  db.run("BEGIN");
  try {
    return query();
  } finally {
    if (db.inTransaction) db.run("COMMIT");
  }
}

function openShared(path: string): Database {
  const db = new Database(path, { readonly: true });
  try {
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    db.query("SELECT count(*) FROM sqlite_schema").get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function openStill(path: string): Database {
  const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
  return new Database(`${pathToFileURL(realPath(path)).href}?immutable=1`, flags);
}

function contentOf(db: Database, path: string): Pick<QueryContext, "columns" | "tables"> {
  const tables = new Set(tablesOf(db));
  if (!tables.has("logs")) {
    const what = tables.size === 0 ? "nothing in it yet" : "no access log (no table logs)";
    throw new QueryError(tables.size === 0 ? "no_file" : "unreadable", `${path} has ${what}`);
  }
  const columns = db.query<{ name: string }, []>("SELECT name FROM pragma_table_xinfo('logs')");
  return { tables, columns: new Set(columns.all().map(({ name }) => name)) };
}

/** Which file it is, and if nobody has it open, in which state; undefined without one. */
function identityOf(path: string, isStill: boolean): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats === undefined) return undefined;
  const { dev, ino, size, mtimeNs } = stats;
  return isStill ? `${dev}:${ino}:${size}:${mtimeNs}` : `${dev}:${ino}`;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
