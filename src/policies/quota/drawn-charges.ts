import type { Charged } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import { quotedString } from "../limits/limit.ts";
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
    return this.#draws
      .map(({ rule: { limit, counts }, count: { sheet, granted } }) => {
        const seconds = Math.round((sheet.ends - sheet.begins) / 1000);
        return `${itemName(counts.id)};q=${limit + granted};w=${seconds}`;
      })
      .join(", ");
  }

  get items(): string {
    const now = this.#clock.wall();
    return this.#draws
      .map((draw) => {
        const { rule, count } = draw;
        const left = Math.floor(remaining(draw) / rule.cost);
        const seconds = Math.max(0, Math.ceil((count.sheet.ends - now) / 1000));
        return `${itemName(rule.counts.id)};r=${left};t=${seconds}`;
      })
      .join(", ");
  }

  giveBack(): void {
    this.#counting?.giveBack(this.#draws);
    this.#counting = undefined;
  }
}

/** A rate limit of the same route may have its name. */
function itemName({ name, per }: { readonly name: string; readonly per: string }): string {
  return quotedString(`${name} per ${per}`);
}
