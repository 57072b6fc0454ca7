import { DatabaseWriter } from "../../../sqlite/database-writer.ts";
import type { Clock } from "../../../time/clock.ts";
import type { LogLevel } from "../../../units/log-level.ts";
import { CountStore } from "./count-store.ts";
import type { FileAnswer, FileRequest, PackedCounts, Usages } from "./messages.ts";

/** The worker's side: reads and writes the file of counts. */
export class CountWriter {
  readonly #answer: (answer: FileAnswer) => void;
  readonly #database: DatabaseWriter<CountStore, PackedCounts, Usages>;

  constructor(database: string, clock: Clock, answer: (answer: FileAnswer) => void) {
    this.#answer = answer;
    const use = {
      database,
      table: "counts",
      words: {
        name: "quotas",
        waiting: "counts go on in memory",
        refused: "counts lost",
        rows: "counts",
        recovery: () => "It begins with the counts in memory",
      },
      open: (isChecked: boolean) => CountStore.open(database, isChecked),
      write: (store: CountStore, packed: PackedCounts) => store.save(packed, clock.wall()),
      maintain: (store: CountStore, now: number) => store.maintain(now),
      opened: (store: CountStore) => {
        if (store.isEmpty) answer({ kind: "empty" });
      },
      settled: (outcome: { readonly written: Usages } | "refused") =>
        answer(
          outcome === "refused"
            ? { kind: "refused" }
            : { kind: "written", usages: outcome.written },
        ),
      report: (level: LogLevel, message: string) => answer({ kind: "report", level, message }),
    };
    this.#database = new DatabaseWriter(use, clock);
  }

  receive(request: FileRequest): void {
    switch (request.kind) {
      case "open":
        this.#answer({ kind: "ready" });
        this.#database.start();
        return;
      case "save":
        this.#database.write(request.packed);
        return;
      case "find": {
        const usages = this.#database.read((store) => store.find(request.packed));
        this.#answer({ kind: "found", id: request.id, usages });
        return;
      }
      case "list": {
        const rows = this.#database.read((store) => store.list(request.sheets, request.query));
        this.#answer({ kind: "listed", id: request.id, rows });
        return;
      }
      case "close":
        this.#database.close();
        this.#answer({ kind: "closed" });
    }
  }
}
