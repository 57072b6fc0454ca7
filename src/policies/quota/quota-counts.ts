import type { Count } from "./count.ts";
import type { QuotaId } from "./count-file.ts";
import type { Ledger } from "./ledger.ts";
import { Calendar, type Period } from "./period.ts";
import { Sheet } from "./sheet.ts";

/** The counts of one quota, period after period. */
export class QuotaCounts {
  readonly id: QuotaId;
  readonly #ledger: Ledger;
  readonly #calendar: Calendar;
  #sheet: Sheet | undefined;

  constructor(id: QuotaId, ledger: Ledger, calendar = new Calendar(id.per, id.timeZone)) {
    this.id = id;
    this.#ledger = ledger;
    this.#calendar = calendar;
  }

  /** Those of the period at a moment in epoch milliseconds. */
  sheetAt(now: number): Sheet {
    const sheet = this.#sheet;
    if (sheet !== undefined && now >= sheet.begins && now < sheet.ends) return sheet;
    return this.#begin(this.#calendar.periodAt(now));
  }

  /** The count of a key: a promise if it is not in memory. */
  find(key: string, now: number): Count | Promise<Count> {
    const sheet = this.sheetAt(now);
    return sheet.get(key) ?? this.#ledger.read(sheet, key);
  }

  close(): void {
    if (this.#sheet !== undefined) this.#ledger.leave(this.#sheet);
    this.#sheet = undefined;
  }

  #begin(period: Period): Sheet {
    const before = this.#sheet;
    if (before !== undefined) this.#ledger.leave(before);
    // Nothing was counted in a period that begins now. If it was, because the clock had been wrong or by
    // another process, that is added when the counts are saved.
    const isNext = before !== undefined && period.begins >= before.ends;
    const sheet = new Sheet(this.id, period, !isNext);
    this.#sheet = sheet;
    this.#ledger.open(sheet);
    return sheet;
  }
}
