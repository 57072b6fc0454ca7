import type { PolicyServices } from "../../pipeline/policy.ts";

/** Once it has been logged, the same reason is not logged again for so long. */
const EVERY_MS = 60_000;
/** Characters of a client's or backend's own words in a line. */
const LONGEST_QUOTE = 80;

/** Why content passes as it came. */
export type Unchanged = "type" | "coding" | "part" | "invalid" | "too large" | "result too large";

/** Says, at most once a minute for each reason, that content has passed as it came. */
export class UnchangedLog {
  readonly #services: Pick<PolicyServices, "clock" | "log">;
  /** What the line begins with. */
  readonly #subject: string;
  readonly #next = new Map<Unchanged, number>();

  constructor(services: Pick<PolicyServices, "clock" | "log">, subject: string) {
    this.#services = services;
    this.#subject = subject;
  }

  /** `detail` completes "because". */
  add(reason: Unchanged, detail: string): void {
    const { clock, log } = this.#services;
    const now = clock.monotonic();
    if (now < (this.#next.get(reason) ?? -Infinity)) return;
    this.#next.set(reason, now + EVERY_MS);
    log(
      "info",
      `${this.#subject} passed unchanged, because ${detail} (logged at most once a minute)`,
    );
  }
}

export function quoted(text: string): string {
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`;
}
