import type { Destination } from "../../upstream/destination.ts";

/** A request, ready for a backend. */
export interface Sending {
  /** Of the backend, without a path; for people. */
  readonly origin: string;
  readonly to: Destination;
  readonly method: string;
  /** Path and query, below the backend's own path. */
  readonly target: string;
  /** Names in lower case, each followed by its value. */
  readonly fields: readonly string[];
  readonly content: Uint8Array | undefined;
  /** Milliseconds until the header section of the answer must have arrived. */
  readonly timeout: number;
  readonly notes: readonly string[];
}

/** Names the row, so that a backend can tell the request from a client's. */
export const MARK = "x-gateway-replay";
