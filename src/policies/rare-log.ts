import type { PolicyServices } from "../pipeline/policy.ts";

/** How long a reason that has been logged is not logged again. */
const EVERY_MS = 60_000;

/** Lines that clients can cause at will: each reason at most once a minute. */
export class RareLog<Reason extends string = string> {
  readonly #services: Pick<PolicyServices, "clock" | "log">;
  readonly #level: "info" | "warn" | "error";
  readonly #beginning: string;
  readonly #next = new Map<Reason, number>();

  /** `beginning` is what all lines begin with, like "auth.corp: ". */
  constructor(
    services: Pick<PolicyServices, "clock" | "log">,
    level: "info" | "warn" | "error",
    beginning: string,
  ) {
    this.#services = services;
    this.#level = level;
    this.#beginning = beginning;
  }

  /** Returns whether it has been logged. There must be few reasons, whatever clients do. */
  add(reason: Reason, message: string): boolean {
    const { clock, log } = this.#services;
    const now = clock.monotonic();
    if (now < (this.#next.get(reason) ?? -Infinity)) return false;
    this.#next.set(reason, now + EVERY_MS);
    log(this.#level, `${this.#beginning}${message} (logged at most once a minute)`);
    return true;
  }
}
