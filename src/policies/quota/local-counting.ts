import type { Count } from "./count.ts";
import type { CountQuery } from "./count-file.ts";
import type { Adjustment, Counting } from "./counting.ts";
import type { Ledger } from "./ledger.ts";
import { type Draw, fits } from "./rule.ts";
import type { Sheet } from "./sheet.ts";

/** Counts what this gateway admits. A store that comes back into the configuration learns of it later. */
export class LocalCounting implements Counting {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  draw(draws: readonly Draw[]): boolean {
    for (const draw of draws) if (!fits(draw)) return false;
    for (const { rule, count } of draws) this.#change(count, rule.cost);
    return true;
  }

  giveBack(draws: readonly Draw[]): void {
    for (const { rule, count } of draws) this.#change(count, -rule.cost);
  }

  list(sheets: readonly Sheet[], query: CountQuery) {
    return this.#ledger.list(sheets, query);
  }

  adjust(count: Count, { used, granted }: Adjustment): Promise<boolean> {
    this.#change(count, used - count.used, granted - count.granted);
    return this.#ledger.saved();
  }

  #change(count: Count, used: number, granted = 0): void {
    this.#ledger.change(count, used, granted);
    if (count.isShared) count.unshared += used;
  }
}
