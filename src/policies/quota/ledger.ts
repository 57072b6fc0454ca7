import type { PolicyServices } from "../../pipeline/policy.ts";
import type { Clock } from "../../time/clock.ts";
import { nextTurn } from "../../time/next-turn.ts";
import { Count } from "./count.ts";
import type { CountFile, CountQuery, ListedCount, Usage } from "./count-file.ts";
import { Saving } from "./saving.ts";
import type { Sheet } from "./sheet.ts";

/** How long a request waits for a count that is not in memory. */
const LOOKUP_MS = 1_000;
/** How long the operator waits for what was changed to be written. */
const CONFIRM_MS = 2_000;
/** How long a stop waits for everything to be written. */
const CLOSE_MS = 5_000;
const LAST_MOMENT_MS = 500;
/** Some 20 MB. */
const COUNTS_IN_MEMORY = 100_000;

const NOTHING: Usage = { used: 0, granted: 0 };

export interface LedgerServices extends Pick<PolicyServices, "log"> {
  readonly clock: Clock;
  /** Opens the file; `onEmpty` is called each time that it turns out to have no counts. */
  readonly openFile: (onEmpty: () => void) => CountFile;
  /** How many counts are kept in memory. */
  readonly most?: number;
}

/**
 * The counts of all quotas. Decisions are made on what is in memory; changes go to the file in batches,
 * and what the file has is added to what is in memory whenever it answers. So nobody waits for a file
 * that is slow, locked or gone, except, for a moment, for a count that is not in memory.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #log: PolicyServices["log"];
  readonly #file: CountFile;
  readonly #saving: Saving;
  readonly #most: number;
  readonly #sheets = new Set<Sheet>();
  /** How many counts are in memory. */
  #size = 0;
  /** How many have come since room was made. */
  #added = 0;
  #lookups: Lookup[] = [];
  /** Whether the file has left a question unanswered; until it answers, nobody waits for it. */
  #isSilent = false;
  /** Whether the file may lack changes of counts that are not in memory any more. */
  #mayBeBehind = false;
  #isCrowded = false;
  #closed: Promise<void> | undefined;

  constructor({ clock, log, openFile, most = COUNTS_IN_MEMORY }: LedgerServices) {
    this.#clock = clock;
    this.#log = log;
    this.#most = most;
    this.#file = openFile(() => this.#rewrite());
    this.#saving = new Saving({
      clock,
      file: this.#file,
      onSettled: (isWritten) => this.#settled(isWritten),
    });
  }

  /** How many counts are in memory. */
  get size(): number {
    return this.#size;
  }

  open(sheet: Sheet): void {
    this.#sheets.add(sheet);
    this.#size += sheet.size;
  }

  /** Forgets a sheet whose period is over, or that is not used any more. */
  leave(sheet: Sheet): void {
    if (!this.#sheets.delete(sheet)) return;
    this.#size -= sheet.size;
    this.#mayBeBehind = true;
  }

  /** The count of a key that is not in memory. */
  read(sheet: Sheet, key: string): Count | Promise<Count> {
    if (!sheet.mayBeInFile || this.#isSilent || this.#closed !== undefined)
      return this.#newCount(sheet, key);
    const pending = sheet.pending.get(key);
    if (pending !== undefined) return pending;
    const { promise, resolve } = Promise.withResolvers<Count>();
    sheet.pending.set(key, promise);
    if (this.#lookups.push({ sheet, key, resolve }) === 1) void this.#lookUp();
    return promise;
  }

  /** Adds to a count, or takes from it what it has at most. */
  change(count: Count, used: number, granted = 0): void {
    this.#saving.change(count, used, granted);
  }

  /** Writes all changes at once. Whether that was possible within a moment. */
  saved(): Promise<boolean> {
    return this.#saving.doneWithin(CONFIRM_MS);
  }

  /**
   * The counts of sheets, those that have used most first. `isWhole` says whether they are all: if the file
   * cannot be read now, they are those in memory.
   */
  async list(
    sheets: readonly Sheet[],
    query: CountQuery,
  ): Promise<{ readonly counts: readonly ListedCount[]; readonly isWhole: boolean }> {
    const isSaved = await this.saved();
    const counts = isSaved ? await this.#inTime(this.#file.list(sheets, query)) : undefined;
    if (counts !== undefined) return { counts, isWhole: true };
    const { key, offset, limit } = query;
    const known = sheets
      .flatMap((sheet) => [...sheet])
      .filter((count) => key === undefined || count.key === key)
      .toSorted((one, other) => other.used - one.used || (one.key < other.key ? -1 : 1));
    return { counts: known.slice(offset, offset + limit), isWhole: false };
  }

  /** Writes everything out. Resolves after some seconds at most; never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const deadline = this.#clock.monotonic() + CLOSE_MS;
    this.#saving.stop();
    if (!(await this.#saving.doneWithin(CLOSE_MS))) {
      const keys = this.#saving.left;
      this.#log(
        "error",
        `quotas: the last requests of ${keys} ${keys === 1 ? "key" : "keys"} are not in the file: it could not be written`,
      );
    }
    await this.#file.close(Math.max(deadline - this.#clock.monotonic(), LAST_MOMENT_MS));
  }

  #newCount(sheet: Sheet, key: string, usage = NOTHING): Count {
    const count = new Count(sheet, key, usage);
    sheet.add(count);
    if (!this.#sheets.has(sheet)) return count;
    this.#size += 1;
    this.#added += 1;
    if (this.#added > this.#most / 2) this.#makeRoom();
    return count;
  }

  /** Forgets what has not been used for long and is saved. Without such, what has used least. */
  #makeRoom(): void {
    this.#added = 0;
    this.#eachSheet((sheet) => sheet.turn());
    if (this.#size > this.#most) this.#eachSheet((sheet) => sheet.turn());
    if (this.#size <= this.#most) return;
    if (!this.#isCrowded) {
      this.#log(
        "error",
        `quotas: more than ${this.#most} counts wait for the file; those with the least use are forgotten`,
      );
    }
    this.#isCrowded = true;
    const all = [...this.#sheets].flatMap((sheet) => [...sheet].map((count) => ({ sheet, count })));
    const least = all
      .toSorted(({ count: one }, { count: other }) => one.used - other.used)
      .slice(0, all.length / 2);
    for (const { sheet, count } of least) sheet.forget(count);
    this.#saving.forget(new Set(least.map(({ count }) => count)));
    this.#size -= least.length;
  }

  #eachSheet(act: (sheet: Sheet) => void): void {
    let size = 0;
    for (const sheet of this.#sheets) {
      act(sheet);
      size += sheet.size;
    }
    this.#size = size;
  }

  /** Asks for everything that is looked up in this turn of the event loop together. */
  async #lookUp(): Promise<void> {
    await nextTurn();
    if (this.#mayBeBehind) this.#mayBeBehind = !(await this.#saving.doneWithin(LOOKUP_MS));
    const lookups = this.#lookups;
    this.#lookups = [];
    const usages = await this.#inTime(this.#file.find(lookups));
    for (const [at, { sheet, key, resolve }] of lookups.entries()) {
      sheet.pending.delete(key);
      // What could not be looked up is added when it is saved.
      resolve(sheet.get(key) ?? this.#newCount(sheet, key, usages?.[at]));
    }
  }

  /** The file has lost everything: gives it what is known. */
  #rewrite(): void {
    for (const sheet of this.#sheets) for (const count of sheet) this.#saving.rewrite(count);
  }

  #settled(isWritten: boolean): void {
    this.#isSilent = false;
    if (isWritten) this.#isCrowded = false;
  }

  /** What the file answers, if it does so soon. */
  async #inTime<Answer>(asked: Promise<Answer | undefined>): Promise<Answer | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const cancel = this.#clock.schedule(LOOKUP_MS, () => resolve("late"));
    const answer = await Promise.race([asked, late]);
    if (answer !== "late") {
      cancel();
      return answer;
    }
    this.#isSilent = true;
    void asked.then(() => {
      this.#isSilent = false;
    });
    return undefined;
  }
}

interface Lookup {
  readonly sheet: Sheet;
  readonly key: string;
  readonly resolve: (count: Count) => void;
}
