import type { PolicyServices } from "../../../../pipeline/policy.ts";

const EVERY_MS = 60_000;

/** For the operator, what clients can cause at will: each reason at most once a minute. */
export class RareLog {
  readonly #services: Pick<PolicyServices, "clock" | "log">;
  /** What lines begin with. */
  readonly #subject: string;
  readonly #next = new Map<string, number>();

  constructor(services: Pick<PolicyServices, "clock" | "log">, subject: string) {
    this.#services = services;
    this.#subject = subject;
  }

  /** There are few reasons, whatever clients do. */
  warn(reason: string, message: string): void {
    const { clock, log } = this.#services;
    const now = clock.monotonic();
    if (now < (this.#next.get(reason) ?? -Infinity)) return;
    this.#next.set(reason, now + EVERY_MS);
    log("warn", `${this.#subject}: ${message} (logged at most once a minute)`);
  }
}
