import type { Backend } from "./backend.ts";
import type { Outcome } from "./outcome.ts";

/** Learns from every attempt at an upstream's backends. */
export interface AttemptObserver {
  /**
   * Called once for each attempt that its backend answered or failed. Attempts that the client or the
   * gateway ended say nothing of the backend.
   */
  attempted(backend: Backend, outcome: Outcome): void;
  /**
   * Called for an attempt that was given up after so many milliseconds, because a second one at another
   * backend was answered first.
   */
  outrun?(backend: Backend, milliseconds: number): void;
}

/** Several observers as one; undefined if there are none. */
export function observers(
  given: readonly (AttemptObserver | undefined)[],
): AttemptObserver | undefined {
  const all = given.filter((observer) => observer !== undefined);
  if (all.length < 2) return all[0];
  return {
    attempted(backend, outcome) {
      for (const observer of all) observer.attempted(backend, outcome);
    },
    outrun(backend, milliseconds) {
      for (const observer of all) observer.outrun?.(backend, milliseconds);
    },
  };
}
