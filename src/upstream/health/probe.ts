import type { Destination } from "../destination.ts";

/** The relevant parts of the answer to a check. */
export interface ProbeAnswer {
  readonly status: number;
  /** The Location field, of redirects. */
  readonly location: string | undefined;
}

/**
 * Sends one GET for a path and resolves to the head of its answer; rejects if there is none. The signal
 * ends it.
 */
export type Probe = (to: Destination, path: string, signal: AbortSignal) => Promise<ProbeAnswer>;
