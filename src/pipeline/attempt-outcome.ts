/**
 * How an attempt ended: `answered`; at its backend by no connection, one that broke, or no answer in
 * time; `outrun` by a second attempt; `cancelled` with its exchange. Empty while it is in progress.
 */
export type AttemptOutcome =
  | ""
  | "answered"
  | "connect"
  | "reset"
  | "timeout"
  | "outrun"
  | "cancelled";
