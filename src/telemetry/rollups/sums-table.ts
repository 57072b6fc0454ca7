import type { Database, Statement } from "bun:sqlite";
import { Histogram } from "./histogram.ts";
import type { Sums } from "./sums.ts";
import { SUM_COLUMNS } from "./tables.ts";

type Key = string | number;

/** Adds sums to the rows of a table. */
export class SumsTable {
  readonly #find: Statement;
  readonly #add: Statement;
  readonly #hasLastAt: boolean;
  readonly #merged = new Histogram();

  /** `keys` are the columns of its primary key, in their order. */
  constructor(
    db: Database,
    table: string,
    keys: readonly string[],
    { hasLastAt }: { readonly hasLastAt: boolean },
  ) {
    const columns = [...keys, ...SUM_COLUMNS, ...(hasLastAt ? ["last_at"] : [])];
    const changes = [
      ...SUM_COLUMNS.filter((name) => name !== "latencies").map(
        (name) => `${name} = ${name} + excluded.${name}`,
      ),
      "latencies = excluded.latencies",
      ...(hasLastAt ? ["last_at = max(last_at, excluded.last_at)"] : []),
    ];
    this.#hasLastAt = hasLastAt;
    this.#find = db.prepare(
      `SELECT latencies FROM ${table} WHERE ${keys.map((name) => `${name} = ?`).join(" AND ")}`,
    );
    this.#add = db.prepare(
      `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
       ON CONFLICT DO UPDATE SET ${changes.join(", ")}`,
    );
  }

  /** Adds to the row with this key. The table must not change in between: within a transaction. */
  add(key: readonly Key[], sums: Sums): void {
    const [found] = this.#find.values(...key);
    const values: (Key | Uint8Array)[] = [
      ...key,
      sums.requests,
      sums.errors,
      sums.bytesIn,
      sums.bytesOut,
      sums.tokensIn,
      sums.tokensOut,
      sums.latencyUs,
      this.#encoded(found?.[0], sums.latencies),
    ];
    if (this.#hasLastAt) values.push(Math.floor(sums.lastAt));
    this.#add.run(...values);
  }

  close(): void {
    this.#find.finalize();
    this.#add.finalize();
  }

  #encoded(before: unknown, more: Histogram): Uint8Array {
    if (!(before instanceof Uint8Array) || before.length === 0) return more.encode();
    this.#merged.clear();
    this.#merged.mergeEncoded(before);
    this.#merged.merge(more);
    return this.#merged.encode();
  }
}
