import type { PolicyServices } from "../../pipeline/policy.ts";

const MINUTE_MS = 60_000;
/** Of one route, in a minute. */
const MOST_LINES = 10;

/** Says what would have been refused, so many times a minute at most. */
export class ReportLog {
  readonly #services: Pick<PolicyServices, "clock" | "log">;
  readonly #route: string;
  #until = -Infinity;
  #lines = 0;
  #silent = 0;

  constructor(route: string, services: Pick<PolicyServices, "clock" | "log">) {
    this.#route = route;
    this.#services = services;
  }

  add(requestId: string, reason: string): void {
    const { clock, log } = this.#services;
    const now = clock.monotonic();
    if (now >= this.#until) {
      if (this.#silent > 0) {
        log("warn", `${this.#route}: ${this.#silent} more requests were not valid`);
      }
      this.#until = now + MINUTE_MS;
      this.#lines = 0;
      this.#silent = 0;
    }
    this.#lines += 1;
    if (this.#lines > MOST_LINES) {
      this.#silent += 1;
      return;
    }
    const last = this.#lines === MOST_LINES ? " (the last one that is logged this minute)" : "";
    log("warn", `${this.#route}: request ${requestId} is not valid: ${reason}${last}`);
  }
}
