import type { Charged } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import { joined } from "../limits/buckets.ts";
import type { Counting } from "./counting.ts";
import { type Draw, remaining } from "./rule.ts";

/** What an exchange has drawn from its route's quotas, or would have. */
export class DrawnCharges implements Charged {
  readonly #draws: readonly Draw[];
  /** Undefined if nothing was drawn, or it has been given back. */
  #counting: Counting | undefined;
  readonly #clock: Clock;

  constructor(draws: readonly Draw[], counting: Counting | undefined, clock: Clock) {
    this.#draws = draws;
    this.#counting = counting;
    this.#clock = clock;
  }

  get policyItems(): string {
    let items = "";
    for (const { rule, count } of this.#draws) {
      const { begins, ends } = count.sheet;
      const seconds = Math.round((ends - begins) / 1000);
      const item = `${rule.itemName};q=${rule.limit + count.granted};w=${seconds}`;
      items = joined(items, item);
    }
    return items;
  }

  get items(): string {
    const now = this.#clock.wall();
    let items = "";
    for (const draw of this.#draws) {
      const { rule, count } = draw;
      const left = Math.floor(remaining(draw) / rule.cost);
      const seconds = Math.max(0, Math.ceil((count.sheet.ends - now) / 1000));
      const item = `${rule.itemName};r=${left};t=${seconds}`;
      items = joined(items, item);
    }
    return items;
  }

  giveBack(): void {
    this.#counting?.giveBack(this.#draws);
    this.#counting = undefined;
  }
}
