import type { Database, Statement } from "bun:sqlite";
import { type MinuteSums, USAGE_KINDS, type UsageKind } from "./batch-sums.ts";
import { beginOf, DAY, HOUR, MINUTE, type Step } from "./steps.ts";
import type { Sums, SumsPool } from "./sums.ts";
import { SumsTable } from "./sums-table.ts";

/** At most so many values of a kind are counted by themselves in an hour, and in a day. */
export const MOST_VALUES = 1_000;
/** What is beyond them is counted under this one. */
export const OTHERS = "(others)";
/** When this share of the places is taken, the rest is for values that have much of a batch. */
const FREE_FOR_ALL = 0.5;
const MUCH = 0.01;
/** Steps whose values are remembered, of each kind: around midnight, and for latecomers. */
const REMEMBERED_STEPS = 4;

/** Which values are counted by themselves in some hours or days. */
class Admission {
  readonly #find: Statement;
  readonly #mostValues: number;
  readonly #byStep = new Map<string, Set<string>>();

  constructor(db: Database, mostValues: number) {
    this.#mostValues = mostValues;
    this.#find = db.prepare(
      "SELECT value FROM rollup_usage WHERE step = ? AND kind = ? AND at = ?",
    );
  }

  /** The values of a step, which may be added to by `admits`. */
  valuesOf(step: Step, kind: UsageKind, at: number): Set<string> {
    const key = `${step}${kind}${at}`;
    let values = this.#byStep.get(key);
    if (values === undefined) {
      values = new Set(this.#find.values(step, kind, at).map(([value]) => String(value)));
      this.#byStep.set(key, values);
      if (this.#byStep.size > REMEMBERED_STEPS * USAGE_KINDS.length) this.#forgetFirst();
    }
    return values;
  }

  /** Whether a value with so many requests of a batch is counted by itself. */
  admits(values: Set<string>, value: string, requests: number, ofBatch: number): boolean {
    if (values.has(value)) return true;
    if (values.size >= this.#mostValues) return false;
    const isMuch = requests > 1 && requests >= ofBatch * MUCH;
    if (values.size >= this.#mostValues * FREE_FOR_ALL && !isMuch) return false;
    values.add(value);
    return true;
  }

  #forgetFirst(): void {
    const [first] = this.#byStep.keys();
    if (first !== undefined) this.#byStep.delete(first);
  }

  clear(): void {
    this.#byStep.clear();
  }

  close(): void {
    this.#find.finalize();
  }
}

/** Writes what clients, subjects, models and so on have used. Bounded, whatever clients send. */
export class UsageWriter {
  readonly #table: SumsTable;
  readonly #admission: Admission;

  constructor(db: Database, mostValues = MOST_VALUES) {
    this.#table = new SumsTable(db, "rollup_usage", ["step", "kind", "at", "value"], {
      hasLastAt: true,
    });
    this.#admission = new Admission(db, mostValues);
  }

  write(minute: MinuteSums, requests: number, pool: SumsPool): void {
    for (const kind of USAGE_KINDS) {
      const values = minute.usage[kind];
      if (values.size === 0) continue;
      // What is not known in its hour is not in its minute either.
      this.#write(kind, values, minute.at, [HOUR, MINUTE], requests, pool);
      this.#write(kind, values, minute.at, [DAY], requests, pool);
    }
  }

  /** What was written last has been rolled back. */
  undone(): void {
    this.#admission.clear();
  }

  close(): void {
    this.#table.close();
    this.#admission.close();
  }

  #write(
    kind: UsageKind,
    values: ReadonlyMap<string, Sums>,
    at: number,
    steps: readonly [Step, ...Step[]],
    requests: number,
    pool: SumsPool,
  ): void {
    const [longest] = steps;
    const known = this.#admission.valuesOf(longest, kind, beginOf(longest, at));
    let others: Sums | undefined;
    for (const [value, sums] of values) {
      if (this.#admission.admits(known, value, sums.requests, requests)) {
        this.#add(kind, value, at, steps, sums);
      } else {
        others ??= pool.take();
        others.merge(sums);
      }
    }
    if (others !== undefined) this.#add(kind, OTHERS, at, steps, others);
  }

  #add(kind: UsageKind, value: string, at: number, steps: readonly Step[], sums: Sums): void {
    for (const step of steps) this.#table.add([step, kind, beginOf(step, at), value], sums);
  }
}
