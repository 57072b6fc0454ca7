import type { Exchange, Noting } from "../exchange.ts";

/** An exchange enters a chain, or the rest of one, which begins with the policy at index `first`. */
export function noteEntry(
  exchange: Exchange,
  noting: Noting,
  policies: NonNullable<Exchange["policies"]>,
  first: number,
): void {
  const now = noting.now();
  if (first === 0) {
    exchange.policies = policies;
    exchange.routedAt = now;
    if (policies.length > 0) exchange.passedAt = [];
    return;
  }
  const { passedAt } = exchange;
  if (passedAt === undefined) return;
  // The policy before may lead to the rest more than once: what counts is the last time.
  if (passedAt.length >= first) passedAt.length = first - 1;
  fill(passedAt, first - 1, exchange.routedAt);
  passedAt.push(now);
}

/**
 * The last of so many policies has let an exchange pass. Returns false if that was noted before, when it
 * led to the policies after it.
 */
export function notePassed(exchange: Exchange, noting: Noting, entered: number): boolean {
  const { passedAt } = exchange;
  if (passedAt === undefined || passedAt.length >= entered) return false;
  fill(passedAt, entered - 1, exchange.routedAt);
  passedAt.push(noting.now());
  return true;
}

/** For policies that do nothing on the way in. */
function fill(passedAt: number[], length: number, first: number): void {
  while (passedAt.length < length) passedAt.push(passedAt.at(-1) ?? first);
}

/** The way out begins. */
export function noteWayOut({ noting, notes }: Exchange): void {
  if (noting !== undefined && notes.outFrom === 0) notes.outFrom = noting.now();
}

/** The policy at an index has done its part on the way out. */
export function noteLeaving({ noting, notes }: Exchange, at: number, replaced: boolean): void {
  if (noting !== undefined) notes.left({ at, until: noting.now(), replaced });
}
