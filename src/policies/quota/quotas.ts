import type { Answer } from "../../pipeline/answer.ts";
import { errorKinds, GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Policy } from "../../pipeline/policy.ts";
import type { Clock } from "../../time/clock.ts";
import { reportCharges } from "../limits/charging.ts";
import type { Counting } from "./counting.ts";
import { DrawnCharges } from "./drawn-charges.ts";
import { type Draw, fits, type QuotaRule, remaining } from "./rule.ts";

const THIS = { day: "today's", week: "this week's", month: "this month's" } as const;

/** The quotas of a route. */
export class Quotas implements Policy {
  readonly name = "quota";
  readonly rules: readonly QuotaRule[];
  readonly counting: Counting;
  readonly #clock: Clock;

  constructor(rules: readonly QuotaRule[], counting: Counting, clock: Clock) {
    this.rules = rules;
    this.counting = counting;
    this.#clock = clock;
  }

  request(exchange: Exchange): undefined | Promise<undefined> {
    const now = this.#clock.wall();
    const draws: Draw[] = [];
    for (const rule of this.rules) {
      if (rule.exempt?.has(exchange.client.address) === true) continue;
      const count = rule.counts.find(rule.keyOf(exchange), now);
      if (count instanceof Promise) return this.#drawLater(exchange, now);
      draws.push({ rule, count });
    }
    return draws.length === 0 ? undefined : this.#draw(exchange, draws);
  }

  response(exchange: Exchange, answer: Answer): undefined {
    const { charged, errorCode } = exchange;
    if (charged === undefined) return;
    if (errorCode !== undefined && !hasHadItsShare(exchange)) {
      for (const charges of charged) if (charges instanceof DrawnCharges) charges.giveBack();
    }
    reportCharges(exchange, answer);
  }

  /** Some counts have to be looked up. */
  async #drawLater(exchange: Exchange, now: number): Promise<undefined> {
    const draws = this.rules
      .filter(({ exempt }) => exempt?.has(exchange.client.address) !== true)
      .map(async (rule): Promise<Draw> => {
        const count = await rule.counts.find(rule.keyOf(exchange), now);
        return { rule, count };
      });
    await this.#draw(exchange, await Promise.all(draws));
  }

  #draw(exchange: Exchange, draws: readonly Draw[]): undefined | Promise<undefined> {
    const drawn = this.counting.draw(draws);
    return drawn instanceof Promise
      ? this.#settleLater(exchange, draws, drawn)
      : this.#settle(exchange, draws, drawn);
  }

  async #settleLater(
    exchange: Exchange,
    draws: readonly Draw[],
    drawn: Promise<boolean>,
  ): Promise<undefined> {
    this.#settle(exchange, draws, await drawn);
  }

  #settle(exchange: Exchange, draws: readonly Draw[], drawn: boolean): undefined {
    const earlier = exchange.charged;
    if (!drawn && earlier !== undefined) for (const charges of earlier) charges.giveBack();
    const charges = new DrawnCharges(draws, drawn ? this.counting : undefined, this.#clock);
    (exchange.charged ??= []).push(charges);
    if (!drawn) throw this.#refusal(draws);
  }

  /** Names the quota whose next period is furthest away: before that, the request is refused again. */
  #refusal(draws: readonly Draw[]): GatewayError {
    const refusing = draws.filter((draw) => !fits(draw));
    const last = (refusing.length === 0 ? draws : refusing).reduce((one, other) =>
      other.count.sheet.ends > one.count.sheet.ends ? other : one,
    );
    const { rule, count } = last;
    const { per } = rule.counts.id;
    const { ends } = count.sheet;
    const limit = rule.limit + count.granted;
    const resetsAt = `${new Date(ends).toISOString().slice(0, 19)}Z`;
    const seconds = Math.max(1, Math.ceil((ends - this.#clock.wall()) / 1000));
    const left = remaining(last);
    const what =
      left === 0
        ? `${THIS[per]} quota of ${limit} is used up`
        : `this request counts for ${rule.cost}, and ${THIS[per]} quota of ${limit} has ${left} left`;
    return new GatewayError("quota_exceeded", `${what}; the next ${per} begins at ${resetsAt}`, {
      fields: { "retry-after": `${seconds}` },
      members: { limit, per, resets_at: resetsAt },
    });
  }
}

/**
 * Whether a request that ended in an error counts all the same: a backend was asked, and the client itself
 * broke off or sent too much. Failures of backends and of the gateway are not at the client's expense, and
 * what was refused before a backend was asked has cost nothing.
 */
function hasHadItsShare({ errorCode, attempts }: Exchange): boolean {
  return (
    errorCode !== undefined && attempts.length > 0 && errorKinds[errorCode].source === "client"
  );
}
