import { beginOf, type Step } from "./steps.ts";
import { type BatchEntry, Sums } from "./sums.ts";

/** Sums up entries by step. */
export class StepSums {
  readonly #sums = new Sums();

  /** Passes the sums of each step that entries are in, valid during the call, with the step's beginning. */
  pass(
    entries: readonly BatchEntry[],
    steps: readonly Step[],
    add: (step: Step, at: number, sums: Sums) => void,
  ): void {
    const first = entries[0]?.at;
    if (first === undefined) return;
    if (entries.every(({ at }) => at === first)) {
      const sums = this.#sumOf(entries);
      for (const step of steps) add(step, beginOf(step, first), sums);
      return;
    }
    for (const step of steps) {
      for (const [begin, those] of Map.groupBy(entries, ({ at }) => beginOf(step, at))) {
        add(step, begin, this.#sumOf(those));
      }
    }
  }

  #sumOf(entries: readonly BatchEntry[]): Sums {
    this.#sums.clear();
    for (const entry of entries) this.#sums.addEntry(entry);
    return this.#sums;
  }
}
