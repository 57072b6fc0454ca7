import type { Count } from "./count.ts";
import type { QuotaId, SheetId } from "./count-file.ts";
import type { Period } from "./period.ts";

/**
 * The counts of a quota in one period that are in memory. There are two generations: a count that is used
 * moves into the young one, and at each turn the old one is forgotten, except for what is not saved.
 */
export class Sheet implements SheetId {
  readonly quota: QuotaId;
  readonly begins: number;
  readonly ends: number;
  /** Whether the file may have counts of keys that are not in memory. */
  mayBeInFile: boolean;
  /** Keys that are being looked up. */
  readonly pending = new Map<string, Promise<Count>>();
  #young = new Map<string, Count>();
  #old = new Map<string, Count>();

  constructor(quota: QuotaId, { begins, ends }: Period, mayBeInFile: boolean) {
    this.quota = quota;
    this.begins = begins;
    this.ends = ends;
    this.mayBeInFile = mayBeInFile;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Count | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#young.set(key, old);
    return old;
  }

  add(count: Count): void {
    this.#young.set(count.key, count);
  }

  turn(): void {
    const forgotten = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    for (const [key, count] of forgotten) {
      if (count.isSaved) this.mayBeInFile = true;
      else this.#young.set(key, count);
    }
  }

  forget({ key }: Count): void {
    this.#young.delete(key);
    this.#old.delete(key);
    this.mayBeInFile = true;
  }

  *[Symbol.iterator](): Generator<Count> {
    yield* this.#young.values();
    yield* this.#old.values();
  }
}
