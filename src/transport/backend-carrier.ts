import type { Attempt } from "./attempt.ts";

/** What carries attempts to one backend. */
export interface BackendCarrier {
  carry(attempt: Attempt): void;
  /** Open connections; 0 where the runtime has them. */
  readonly connections: number;
  /** Closes what is idle; the rest ends with its attempts. */
  closeIdle(): void;
  /** Closes everything that needs no attempt to end it. */
  cut(): void;
}
