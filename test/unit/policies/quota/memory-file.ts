import type {
  CountChange,
  CountFile,
  CountPlace,
  CountQuery,
  ListedCount,
  SheetId,
  Usage,
} from "../../../../src/policies/quota/count-file.ts";

const NOTHING: Usage = { used: 0, granted: 0 };

/** A file of counts in memory, which a test can take away, slow down and empty. */
export class MemoryFile implements CountFile {
  readonly #counts = new Map<string, ListedCount>();
  readonly #waiting: (() => void)[] = [];
  /** Whether it answers nothing, until it is set again. */
  #isStuck = false;
  /** Whether it says that it cannot be read. */
  isUnreadable = false;
  /** What the next writes end in, instead of being written. */
  readonly outcomes: ("lost" | "refused")[] = [];
  /** How many counts were looked up, and how many changes were written. */
  lookups = 0;
  writes = 0;
  isClosed = false;
  /** Set by what opens it. */
  onEmpty = (): void => {};

  get isStuck(): boolean {
    return this.#isStuck;
  }

  set isStuck(is: boolean) {
    this.#isStuck = is;
    if (!is) for (const go of this.#waiting.splice(0)) go();
  }

  /** What a key has, in any period: [used, granted]. */
  of(key: string): readonly [used: number, granted: number][] {
    return [...this.#counts.values()]
      .filter((count) => count.key === key)
      .map(({ used, granted }) => [used, granted]);
  }

  /** Adds as another process would. */
  add(place: CountPlace, used: number, granted = 0): Usage {
    const name = nameOf(place);
    const before = this.#counts.get(name) ?? NOTHING;
    const { sheet, key } = place;
    const after = {
      sheet,
      key,
      used: Math.max(0, before.used + used),
      granted: Math.max(0, before.granted + granted),
    };
    this.#counts.set(name, after);
    return { used: after.used, granted: after.granted };
  }

  empty(): void {
    this.#counts.clear();
    this.onEmpty();
  }

  async find(places: readonly CountPlace[]): Promise<readonly Usage[] | undefined> {
    await this.#turn();
    this.lookups += places.length;
    if (this.isUnreadable) return undefined;
    return places.map((place) => this.#counts.get(nameOf(place)) ?? NOTHING);
  }

  async save(changes: readonly CountChange[]) {
    await this.#turn();
    const outcome = this.outcomes.shift();
    if (outcome !== undefined) return outcome;
    this.writes += changes.length;
    return changes.map((change) => this.add(change, change.used, change.granted));
  }

  async list(
    sheets: readonly SheetId[],
    { key, offset, limit }: CountQuery,
  ): Promise<readonly ListedCount[] | undefined> {
    await this.#turn();
    if (this.isUnreadable) return undefined;
    const names = new Set(sheets.map((sheet) => nameOf({ sheet, key: "" })));
    return [...this.#counts.values()]
      .filter((count) => names.has(nameOf({ ...count, key: "" })))
      .filter((count) => key === undefined || count.key === key)
      .toSorted((one, other) => other.used - one.used)
      .slice(offset, offset + limit);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async #turn(): Promise<void> {
    if (!this.#isStuck) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }
}

function nameOf({ sheet, key }: CountPlace): string {
  return JSON.stringify([sheet.quota, sheet.begins, key]);
}
