import type { Attempt } from "./attempt.ts";

/** What carries attempts to one backend. */
export interface BackendCarrier {
  carry(attempt: Attempt): void;
  /** Closes what is idle; the rest ends with its attempts. */
  closeIdle(): void;
  /** Closes everything that needs no attempt to end it. */
  cut(): void;
}
