import {
  limitsUnavailable,
  type SharedStore,
  type StoreReply,
  StoreUnavailable,
} from "../../../pipeline/shared-store.ts";
import type { Count } from "../count.ts";
import type { CountQuery, ListedCount, SheetId } from "../count-file.ts";
import type { Adjustment, Counting } from "../counting.ts";
import type { Ledger } from "../ledger.ts";
import { type Draw, fits } from "../rule.ts";
import type { Sheet } from "../sheet.ts";
import { ADJUST, DRAW, GIVE_BACK, LIST } from "./scripts.ts";

/** How long counts are kept after their period. */
const KEPT_MS = 2 * 86_400_000;
/** How many counts of one quota are listed; to list more would hold up everybody who uses the store. */
const LISTED_AT_MOST = 10_000;

/**
 * Counts in the store what all gateways admit together; each gateway's own clock says which period it is.
 * What the store says is noted in this gateway's own counts, too. While the store is away, these go on if
 * `on_error` is `local`, and what they have admitted is added when it is back, with the key's next request.
 * A store that has lost a key begins with what the first gateway that asks knows of it.
 */
export class SharedCounting implements Counting {
  readonly #store: SharedStore;
  readonly #ledger: Ledger;
  readonly #names = new WeakMap<SheetId, readonly [set: string, hash: string]>();
  /** Draws that the store does not know of. */
  readonly #unshared = new WeakSet<readonly Draw[]>();

  constructor(store: SharedStore, ledger: Ledger) {
    this.#store = store;
    this.#ledger = ledger;
  }

  async draw(draws: readonly Draw[]): Promise<boolean> {
    const unshared = draws.map(({ count }) => takeUnshared(count));
    const parameters = draws.flatMap(({ rule, count }, at) => [
      count.key,
      rule.limit,
      rule.cost,
      count.used,
      count.granted,
      unshared[at] ?? 0,
      expiryOf(count.sheet),
    ]);
    let reply: StoreReply;
    try {
      const keys = draws.flatMap(({ count }) => this.#namesOf(count.sheet));
      reply = await this.#store.run(DRAW, keys, parameters);
    } catch (error) {
      for (const [at, { count }] of draws.entries()) count.unshared += unshared[at] ?? 0;
      if (!(error instanceof StoreUnavailable)) throw error;
      return this.#drawWithoutStore(draws);
    }
    const [drawn = 0, ...usages] = numbersIn(reply);
    for (const [at, { count }] of draws.entries()) {
      this.#note(count, usages[at * 2] ?? 0, usages[at * 2 + 1] ?? 0);
    }
    return drawn === 1;
  }

  giveBack(draws: readonly Draw[]): void {
    this.#change(draws, -1);
    if (this.#unshared.has(draws)) addUnshared(draws, -1);
    else void this.#giveBackInStore(draws);
  }

  async list(sheets: readonly Sheet[], query: CountQuery) {
    const { key, offset, limit } = query;
    const most = Math.min(offset + limit, LISTED_AT_MOST);
    try {
      const keys = sheets.flatMap((sheet) => this.#namesOf(sheet));
      const reply = await this.#store.run(LIST, keys, key === undefined ? [most] : [most, key]);
      const counts = sheets
        .flatMap((sheet, at) => listOf(sheet, Array.isArray(reply) ? reply[at] : null))
        .toSorted((one, other) => other.used - one.used || (one.key < other.key ? -1 : 1));
      return { counts: counts.slice(offset, offset + limit), isWhole: true };
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return { ...(await this.#ledger.list(sheets, query)), isWhole: false };
    }
  }

  /** Rejects with a StoreUnavailable, and changes nothing, without the store. */
  async adjust(count: Count, { used, granted }: Adjustment): Promise<boolean> {
    const parameters = [count.key, used, granted, expiryOf(count.sheet)];
    await this.#store.run(ADJUST, this.#namesOf(count.sheet), parameters);
    count.unshared = 0;
    this.#note(count, used, granted);
    return true;
  }

  async #giveBackInStore(draws: readonly Draw[]): Promise<void> {
    const sets = draws.map(({ count }) => this.#namesOf(count.sheet)[0]);
    const parameters = draws.flatMap(({ rule, count }) => [count.key, rule.cost]);
    try {
      await this.#store.run(GIVE_BACK, sets, parameters);
    } catch {
      addUnshared(draws, -1);
    }
  }

  #drawWithoutStore(draws: readonly Draw[]): boolean {
    const { onError } = this.#store;
    if (onError === "deny") throw limitsUnavailable("quotas cannot be checked");
    if (onError === "local" && !draws.every(fits)) return false;
    this.#change(draws, 1);
    addUnshared(draws, 1);
    this.#unshared.add(draws);
    return true;
  }

  #change(draws: readonly Draw[], sign: 1 | -1): void {
    for (const { rule, count } of draws) this.#ledger.change(count, sign * rule.cost);
  }

  #note(count: Count, used: number, granted: number): void {
    count.isShared = true;
    this.#ledger.change(count, used - count.used, granted - count.granted);
  }

  #namesOf(sheet: SheetId): readonly [set: string, hash: string] {
    const known = this.#names.get(sheet);
    if (known !== undefined) return known;
    const { name, per, timeZone, key } = sheet.quota;
    const rest = JSON.stringify([name, per, timeZone, key, sheet.begins]);
    const names = [`quota ${rest}`, `granted ${rest}`] as const;
    this.#names.set(sheet, names);
    return names;
  }
}

/** Takes what the store does not know of a count, to be added there by one request alone. */
function takeUnshared(count: Count): number {
  const { unshared } = count;
  count.unshared = 0;
  return unshared;
}

function addUnshared(draws: readonly Draw[], sign: 1 | -1): void {
  for (const { rule, count } of draws) count.unshared += sign * rule.cost;
}

function expiryOf({ ends }: SheetId): number {
  return ends + KEPT_MS;
}

function numbersIn(reply: StoreReply): number[] {
  return Array.isArray(reply) ? reply.map(Number) : [];
}

/** Reads one quota's list: key, used, granted, and so on. */
function listOf(sheet: SheetId, reply: StoreReply | undefined): ListedCount[] {
  if (!Array.isArray(reply)) return [];
  const counts: ListedCount[] = [];
  for (let at = 0; at < reply.length; at += 3) {
    counts.push({
      sheet,
      key: String(reply[at]),
      used: Number(reply[at + 1]),
      granted: Number(reply[at + 2]),
    });
  }
  return counts;
}
