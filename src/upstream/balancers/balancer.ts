import type { Exchange } from "../../pipeline/exchange.ts";
import type { Backend } from "../backend.ts";

/** How an upstream picks a backend. It is only ever given healthy ones. */
export interface Balancer {
  /** Picks among these from now on. */
  balance(healthy: readonly Backend[]): void;
  /**
   * The backend for an exchange; undefined when there is none. Called for every request. With
   * `except`, which is never empty, it is for a further attempt: none of these may be picked.
   */
  pick(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined;
}
