import { agoText } from "./format.ts";
import type { BackendState } from "./types.ts";

export interface Condition {
  readonly tone: "good" | "warn" | "bad" | "quiet";
  readonly word: string;
  /** Why; empty if there is nothing to say. */
  readonly detail: string;
}

/** How a backend is, in a word: the worst of what is known. */
export function conditionOf(backend: BackendState): Condition {
  const { healthy, drained, ejected_until: ejected, circuit_breaker: breaker } = backend;
  const { last_error: error } = backend;
  if (!healthy) return { tone: "bad", word: "Down", detail: error ?? "" };
  if (drained) return { tone: "quiet", word: "Drained", detail: "gets no new requests" };
  if (ejected !== null && Date.parse(ejected) > Date.now()) {
    return { tone: "warn", word: "Ejected", detail: `back ${agoText(ejected)}` };
  }
  if (breaker === "open") return { tone: "bad", word: "Breaker open", detail: error ?? "" };
  if (breaker !== null && breaker.startsWith("half")) {
    return { tone: "warn", word: "Breaker half open", detail: "trying a few requests" };
  }
  return { tone: "good", word: "Up", detail: "" };
}
