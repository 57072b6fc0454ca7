import type { Backend } from "../backend.ts";

/** How an upstream picks a backend. It is only ever given healthy ones. */
export interface Balancer {
  /** Picks among these from now on. */
  balance(healthy: readonly Backend[]): void;
  /** The backend whose turn it is; undefined when there is none. On the way of every request. */
  pick(): Backend | undefined;
  /** A backend for a further attempt: none of `excluded`, and no turn of `pick` is used up. */
  pickExcept(excluded: ReadonlySet<Backend>): Backend | undefined;
}
