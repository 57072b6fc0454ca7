import { Database } from "bun:sqlite";
import { linkSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { numberIn, type Tally } from "./tally.ts";

const ENDINGS = ["", "-wal", "-shm"];

interface Row {
  readonly request_id: string;
  readonly query: string | null;
}

/** Every database file that a gateway has written to, also those that were taken away from it. */
export class Ledger {
  readonly #database: string;
  readonly #kept: string;
  #count = 0;

  /** `folder` is on the same device as the database. */
  constructor(database: string, folder: string) {
    this.#database = database;
    this.#kept = folder;
  }

  /** Takes the files away, as `rm` does; their rows can still be read at the end. */
  remove(): void {
    this.#count += 1;
    const folder = join(this.#kept, String(this.#count));
    mkdirSync(folder);
    for (const ending of ENDINGS) {
      const file = this.#database + ending;
      if (exists(file)) linkSync(file, join(folder, basename(file)));
    }
    for (const ending of ENDINGS) rmSync(this.#database + ending, { force: true });
  }

  /** Compares the rows of all files with what the clients did. */
  compare(tally: Tally): Comparison {
    const idsOf = new Map<number, Set<string>>();
    const ids = new Set<string>();
    const strangers = new Set<string>();
    for (const { request_id: id, query } of this.#files().flatMap(rowsOf)) {
      ids.add(id);
      const number = numberIn(query);
      if (number === undefined || !tally.sent.has(number)) strangers.add(id);
      else idsOf.set(number, (idsOf.get(number) ?? new Set()).add(id));
    }
    return {
      ids,
      strangers: strangers.size,
      missing: [...tally.sent].filter((number) => !idsOf.has(number)),
      repeated: [...idsOf].filter(([, ids]) => ids.size > 1).map(([number]) => number),
    };
  }

  #files(): string[] {
    const name = basename(this.#database);
    const here = readdirSync(dirname(this.#database))
      .filter((file) => file === name || /\.corrupt-[^.]*Z(?:-\d+)?$/.test(file))
      .map((file) => join(dirname(this.#database), file));
    const kept = readdirSync(this.#kept).map((folder) => join(this.#kept, folder, name));
    return [...here, ...kept].filter(exists);
  }
}

interface Comparison {
  /** The request ids of all rows, each once: a row may be in a file that was removed and in the next. */
  readonly ids: ReadonlySet<string>;
  /** Rows of requests that were never sent. */
  readonly strangers: number;
  /** The numbers of requests that have no row, and of those that have several. */
  readonly missing: readonly number[];
  readonly repeated: readonly number[];
}

function rowsOf(file: string): Row[] {
  using database = new Database(file, { readonly: true });
  const hasLogs = database.query("SELECT 1 FROM sqlite_schema WHERE name = 'logs'").get() !== null;
  return hasLogs ? database.query<Row, []>("SELECT request_id, query FROM logs").all() : [];
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}
