import { thousandths } from "../units/thousandths.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { Backend } from "../upstream/backend.ts";
import { passedOver } from "../upstream/obstacles.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** Notes which backend an exchange was given, or none, and why it was not given others. */
export function notePick(
  exchange: Exchange,
  upstream: Upstream,
  picked: Backend | undefined,
  tried: ReadonlySet<Backend> | undefined,
): void {
  const { noting, notes, started } = exchange;
  if (noting === undefined) return;
  const { others, more } = passedOver({ backends: upstream.backends, picked, tried });
  notes.picked({
    at_ms: thousandths(noting.now() - started),
    ...(exchange.upstream !== "" && { upstream: exchange.upstream }),
    ...(picked !== undefined && { backend: picked.url }),
    ...(picked === undefined && upstream.isFull && { why_none: UPSTREAM_FULL }),
    ...(others.length > 0 && { others }),
    ...(more > 0 && { more }),
  });
}

const UPSTREAM_FULL = "the upstream is at its max_in_flight";
