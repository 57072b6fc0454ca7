import type { Database, Statement } from "bun:sqlite";
import type { UsageEntry } from "./batch-code.ts";
import type { BatchEntry } from "./sums.ts";
import type { UsageKind } from "./batch-sums.ts";
import { StepSums } from "./step-sums.ts";
import { beginOf, DAY, HOUR, MINUTE, type Step } from "./steps.ts";
import { SumsTable } from "./sums-table.ts";

/** At most so many values of a kind are counted by themselves in an hour, and in a day. */
export const MOST_VALUES = 1_000;
/** What is beyond them is counted under this one. */
export const OTHERS = "(others)";
/** When this share of the places is taken, the rest is for values that have much of a batch. */
const FREE_FOR_ALL = 0.5;
const MUCH = 0.01;

/** Steps whose values are counted by themselves or not together, and the longest of them. */
const ADMITTED_BY: readonly { readonly longest: Step; readonly steps: readonly Step[] }[] = [
  // What is not known in its hour is not in its minute either.
  { longest: HOUR, steps: [HOUR, MINUTE] },
  { longest: DAY, steps: [DAY] },
];

/** What clients, subjects, models and so on have used, of some batches. */
export interface UsageMerge {
  /** Adds what a batch of so many requests has for a minute. */
  add(kind: UsageKind, at: number, entries: readonly UsageEntry[], requests: number): void;
  /** Writes it. */
  end(): void;
}

/** Adds to the sums of usage. They are bounded, whatever clients send. */
export class UsageMerger {
  readonly #table: SumsTable;
  readonly #find: Statement;
  readonly #stepSums = new StepSums();

  constructor(db: Database) {
    this.#table = new SumsTable(db, "rollup_usage", ["step", "kind", "at", "value"], {
      hasLastAt: true,
    });
    this.#find = db.prepare(
      "SELECT value FROM rollup_usage WHERE step = ? AND kind = ? AND at = ?",
    );
  }

  /** To be ended in the same transaction: others may write to the file as well. */
  begin(): UsageMerge {
    const parts = ADMITTED_BY.map(({ longest, steps }) => ({
      longest,
      steps,
      byStep: new Map<string, StepUsage>(),
    }));
    return {
      add: (kind, at, entries, requests) => {
        if (entries.length === 0) return;
        for (const { longest, byStep } of parts) {
          const begin = beginOf(longest, at);
          const key = `${kind}${begin}`;
          let usage = byStep.get(key);
          if (usage === undefined) {
            usage = new StepUsage(kind, this.#valuesOf(longest, kind, begin));
            byStep.set(key, usage);
          }
          usage.add(entries, requests);
        }
      },
      end: () => {
        for (const { steps, byStep } of parts) {
          for (const usage of byStep.values()) this.#write(usage, steps);
        }
      },
    };
  }

  close(): void {
    this.#table.close();
    this.#find.finalize();
  }

  #valuesOf(step: Step, kind: UsageKind, at: number): Set<string> {
    return new Set(this.#find.values(step, kind, at).map(([value]) => String(value)));
  }

  #write({ kind, byValue }: StepUsage, steps: readonly Step[]): void {
    for (const [value, entries] of byValue) {
      this.#stepSums.pass(entries, steps, (step, at, sums) =>
        this.#table.add([step, kind, at, value], sums),
      );
    }
  }
}

/** What values of a kind have used in one hour or day. */
class StepUsage {
  readonly kind: UsageKind;
  readonly byValue = new Map<string, BatchEntry[]>();
  /** Those that are counted by themselves. */
  readonly #known: Set<string>;

  constructor(kind: UsageKind, known: Set<string>) {
    this.kind = kind;
    this.#known = known;
  }

  add(entries: readonly UsageEntry[], requests: number): void {
    for (const entry of entries) {
      const value = this.#admits(entry, requests) ? entry.value : OTHERS;
      const list = this.byValue.get(value);
      if (list === undefined) this.byValue.set(value, [entry.sums]);
      else list.push(entry.sums);
    }
  }

  #admits({ value, sums: { requests } }: UsageEntry, ofBatch: number): boolean {
    if (this.#known.has(value)) return true;
    if (this.#known.size >= MOST_VALUES) return false;
    const isMuch = requests > 1 && requests >= ofBatch * MUCH;
    if (this.#known.size >= MOST_VALUES * FREE_FOR_ALL && !isMuch) return false;
    this.#known.add(value);
    return true;
  }
}
