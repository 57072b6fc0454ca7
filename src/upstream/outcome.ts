/** How an attempt failed: no connection, a connection that broke, or no answer in time. */
export type Failure = "connect" | "reset" | "timeout";

/** How an attempt ended, as far as its backend is concerned. */
export interface Outcome {
  /** Undefined if the backend has answered, with whatever status. */
  readonly failure: Failure | undefined;
  /** Of the answer, or what the status of a call by gRPC means; 0 without one. */
  readonly status: number;
  /** From the attempt's start to the answer's header section or the failure. */
  readonly milliseconds: number;
  /** What went wrong, for the operator; empty if the status says it. */
  readonly detail: string;
}
