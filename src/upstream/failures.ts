import { type StaticDecode, Type } from "@sinclair/typebox";
import type { Outcome } from "./outcome.ts";

/**
 * What counts as a failure of a backend: no connection, a connection that broke before the answer, no
 * answer in time, a server error, or one of its statuses.
 */
const FailureKind = Type.Union(
  [
    Type.Literal("connect"),
    Type.Literal("reset"),
    Type.Literal("timeout"),
    Type.Literal("5xx"),
    Type.Integer({ minimum: 500, maximum: 599 }),
  ],
  {
    expected: "connect, reset, timeout, 5xx or a status from 500 to 599",
    advice: (written: string) =>
      /^4(?:xx|[0-9]{2})$/i.test(written)
        ? "an answer 4xx is the client's fault and never counts"
        : undefined,
  },
);

/** `on`: which attempts count as failures of their backend. */
export const failureKinds = Type.Array(FailureKind, {
  minItems: 1,
  default: ["connect", "reset", "timeout", "5xx"],
  description:
    "What counts as a failure: `connect` (no connection), `reset` (the connection broke before an answer), `timeout` (no answer in time), `5xx` or single statuses from 500 to 599. What clients cause never counts, nor do answers below 500.",
  expected: "a list of connect, reset, timeout, 5xx and statuses from 500 to 599",
});

export type FailureKinds = StaticDecode<typeof failureKinds>;

/** What an attempt says of its backend; undefined if it says nothing. */
export type Verdict = "success" | "failure" | undefined;

/** Decides whether attempts count as failures. */
export class FailureTest {
  readonly #failures: ReadonlySet<unknown>;
  readonly #everyServerError: boolean;

  constructor(kinds: FailureKinds) {
    this.#failures = new Set(kinds);
    this.#everyServerError = kinds.includes("5xx");
  }

  /** Without an answer, and without this counting as a failure, an attempt says nothing. */
  judge({ failure, status }: Outcome): Verdict {
    if (failure !== undefined) return this.#failures.has(failure) ? "failure" : undefined;
    if (status < 500) return "success";
    return this.#everyServerError || this.#failures.has(status) ? "failure" : "success";
  }
}

/** An attempt's failure in a few words, for the operator. */
export function describeFailure({ detail, status, failure }: Outcome): string {
  if (detail !== "") return detail;
  return failure ?? `answered ${status}`;
}
