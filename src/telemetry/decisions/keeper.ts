import type { Exchange } from "../../pipeline/exchange.ts";
import { decisionsText } from "./decisions-of.ts";
import { keptFields } from "./kept-fields.ts";

/** How many exchanges of one kind of trouble keep their decisions in a second. */
const MOST_PER_SECOND = 50;

/**
 * Makes the decisions of exchanges that are over, and keeps them with the fields: of all, or of those that
 * went wrong. Of many that went wrong in the same way only the first ones of each second are kept, so
 * that a flood of errors costs no more than good requests do, and does not push other rows out of the log.
 */
export class DecisionKeeper {
  readonly #counts = new Map<string, number>();
  readonly #report: (error: unknown) => void;
  #second = 0;
  #hasFailed = false;

  /** `report` gets the first error of making them, which would be a fault of the gateway's own. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** `now`: monotonic milliseconds. Never throws: a row without decisions is better than none. */
  keep(exchange: Exchange, now: number): void {
    const { noting } = exchange;
    if (noting === undefined || (!noting.keepsAll && !this.#isKept(exchange, now))) return;
    const { redaction, fields, answer } = exchange;
    try {
      const details = (exchange.details ??= {});
      const secrets = [...redaction.secretsIn(fields.all)];
      details.requestFields = keptFields(fields.all, redaction, secrets);
      details.responseFields = keptFields(answer.fields.list, redaction, secrets);
      details.decisions = decisionsText(exchange, now);
    } catch (error) {
      if (!this.#hasFailed) this.#report(error);
      this.#hasFailed = true;
    }
  }

  #isKept(exchange: Exchange, now: number): boolean {
    if (!isTroubled(exchange)) return false;
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#counts.clear();
    }
    const { errorCode, refusedBy, status } = exchange;
    const kind = errorCode ?? `${refusedBy} ${status}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count <= MOST_PER_SECOND;
  }
}

/**
 * Whether something went wrong: an error of the gateway's, a policy's refusal, a status of 500 or more, or
 * an attempt that was not the only one or has failed. A backend's own 404 is an ordinary answer.
 */
function isTroubled({ errorCode, status, refusedBy, attempts }: Exchange): boolean {
  if (errorCode !== undefined || status >= 500 || refusedBy !== "") return true;
  return attempts.length > 1 || attempts[0]?.failure !== undefined;
}
