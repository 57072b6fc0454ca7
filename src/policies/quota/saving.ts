import type { Clock } from "../../time/clock.ts";
import type { Count } from "./count.ts";
import type { CountFile, Usage } from "./count-file.ts";

/** A `kill -9` loses at most what was counted in this time, in milliseconds, and in that of one write. */
const INTERVAL_MS = 500;
/** So that no batch takes long to write. */
const CHANGES_PER_BATCH = 2_000;

/** What came of writing a batch; see `CountFile.save`. */
type Outcome = readonly Usage[] | "lost" | "refused";

interface SavingOptions {
  readonly clock: Clock;
  readonly file: Pick<CountFile, "save">;
  /** Called after each batch; whether the file has it. */
  readonly onSettled: (isWritten: boolean) => void;
}

/** Brings changes of counts to the file, in batches, one after another. */
export class Saving {
  readonly #options: SavingOptions;
  #changed: Count[] = [];
  /** How many counts are being written. */
  #sending = 0;
  #underWay: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #isStopped = false;

  constructor(options: SavingOptions) {
    this.#options = options;
  }

  /** How many counts have changes that are not in the file. */
  get left(): number {
    return this.#changed.length + this.#sending;
  }

  /** Adds to a count, or takes from it what it has at most; for the file, soon. */
  change(count: Count, used: number, granted: number): void {
    const more = Math.max(used, -count.used);
    const moreGranted = Math.max(granted, -count.granted);
    count.used += more;
    count.unsaved += more;
    count.granted += moreGranted;
    count.unsavedGrant += moreGranted;
    this.#note(count);
  }

  /** Writes a count as a whole, to a file that has lost it. */
  rewrite(count: Count): void {
    const unsaved = count.used - count.sending;
    const unsavedGrant = count.granted - count.sendingGrant;
    if (unsaved === 0 && unsavedGrant === 0) return;
    count.unsaved = unsaved;
    count.unsavedGrant = unsavedGrant;
    this.#note(count);
  }

  /** Leaves out changes that have not been sent. */
  forget(counts: ReadonlySet<Count>): void {
    this.#changed = this.#changed.filter((count) => !counts.has(count));
  }

  /** Writes all changes at once. Whether that was possible within so many milliseconds. */
  async doneWithin(milliseconds: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const cancel = this.#options.clock.schedule(milliseconds, () => resolve("late"));
    for (;;) {
      this.#save();
      if (this.#underWay === undefined) break;
      if ((await Promise.race([this.#underWay, late])) === "late") return false;
    }
    cancel();
    return true;
  }

  /** From now on, nothing is written unless it is asked for. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #note(count: Count): void {
    if (!count.isChanged) {
      count.isChanged = true;
      this.#changed.push(count);
    }
    this.#saveSoon();
  }

  #saveSoon(): void {
    if (this.#underWay !== undefined || this.#isStopped) return;
    this.#cancelTimer ??= this.#options.clock.schedule(INTERVAL_MS, () => this.#save());
  }

  #save(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#underWay !== undefined || this.#changed.length === 0) return;
    const batch = this.#changed.splice(0, CHANGES_PER_BATCH);
    const changes = batch.map((count) => {
      const { sheet, key, unsaved: used, unsavedGrant: granted } = count;
      count.sending = used;
      count.sendingGrant = granted;
      count.unsaved = 0;
      count.unsavedGrant = 0;
      count.isChanged = false;
      return { sheet, key, used, granted };
    });
    this.#sending = batch.length;
    this.#underWay = this.#options.file.save(changes).then((outcome) => {
      this.#underWay = undefined;
      this.#sending = 0;
      this.#options.onSettled(typeof outcome === "object");
      this.#settle(batch, outcome);
      if (this.#changed.length >= CHANGES_PER_BATCH) this.#save();
      else if (this.#changed.length > 0) this.#saveSoon();
    });
  }

  #settle(batch: readonly Count[], outcome: Outcome): void {
    for (const [at, count] of batch.entries()) {
      const { sending, sendingGrant } = count;
      count.sending = 0;
      count.sendingGrant = 0;
      if (outcome === "refused") continue;
      if (outcome === "lost") {
        count.unsaved += sending;
        count.unsavedGrant += sendingGrant;
        this.#note(count);
        continue;
      }
      const inFile = outcome[at];
      if (inFile === undefined) continue;
      // Another process may write to the file, and what could not be looked up is in it too.
      count.used = Math.max(0, inFile.used + count.unsaved);
      count.granted = Math.max(0, inFile.granted + count.unsavedGrant);
    }
  }
}
