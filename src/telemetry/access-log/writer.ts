import { DatabaseWriter } from "../../sqlite/database-writer.ts";
import type { Clock } from "../../time/clock.ts";
import type { LogLevel } from "../../units/log-level.ts";
import type { Note } from "../notes/note.ts";
import type { ExchangeRecord } from "../record.ts";
import { unpack } from "./batch.ts";
import type { WriterAnswer, WriterRequest } from "./messages.ts";
import type { Limits } from "./limits.ts";
import { Store } from "./store.ts";

/** What is written at a time. */
type Work = { readonly records: readonly ExchangeRecord[] } | { readonly notes: readonly Note[] };

/** The worker's side: writes one batch of records at a time. */
export class Writer {
  readonly #answer: (answer: WriterAnswer) => void;
  readonly #database: DatabaseWriter<Store, Work, void>;

  constructor(
    database: string,
    limits: Limits,
    clock: Clock,
    answer: (answer: WriterAnswer) => void,
  ) {
    this.#answer = answer;
    const use = {
      database,
      table: "logs",
      words: {
        name: "access log",
        waiting: "rows wait in memory",
        refused: "rows lost",
        rows: "rows",
        recovery: (damaged: string) =>
          `To recover its rows: sqlite3 ${damaged} .recover | sqlite3 recovered.db; docs/access-log.md has another way`,
      },
      open: (isChecked: boolean) => Store.open(database, limits, isChecked),
      write: (store: Store, work: Work) =>
        "notes" in work ? store.note(work.notes) : store.append(work.records),
      maintain: (store: Store, now: number) => store.retention(now),
      settled: (outcome: object | "refused") =>
        answer({ kind: outcome === "refused" ? "refused" : "written" }),
      report: (level: LogLevel, message: string) => answer({ kind: "report", level, message }),
    };
    this.#database = new DatabaseWriter(use, clock);
  }

  receive(request: WriterRequest): void {
    switch (request.kind) {
      case "open":
        this.#answer({ kind: "ready" });
        this.#database.start();
        return;
      case "batch":
        this.#database.write({ records: unpack(request.packed) });
        return;
      case "notes":
        this.#database.write({ notes: request.notes });
        return;
      case "close":
        this.#database.close();
        this.#answer({ kind: "closed" });
    }
  }
}
