import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { IncomingContent } from "../../pipeline/incoming-content.ts";
import type { Clock } from "../../time/clock.ts";
import { IdleTimeout } from "../../time/idle-timeout.ts";
import type { HeldBytes } from "./held-bytes.ts";

export interface ReadOptions {
  /** The largest content, in bytes. */
  readonly most: number;
  readonly held: HeldBytes;
  readonly clock: Clock;
  /** Milliseconds without content; 0 sets no limit. */
  readonly timeout: number;
}

/** Why content is not there as a whole. */
export type NotRead = "too large" | "no room";

/**
 * Content that has arrived, in one piece; undefined if there is more to come. It can be read again by
 * whoever forwards it.
 */
export function presentContent(content: IncomingContent): Uint8Array | undefined {
  const whole = content.takeWhole();
  if (whole !== undefined) content.putBack(whole);
  return whole;
}

/**
 * Waits for all content, which can be read again afterwards, and so can what was read of content that is
 * too large. It counts as held until the exchange is over, or gives it back. Rejects if it breaks off, and when the exchange ends.
 */
export async function readContent(
  exchange: Exchange,
  content: IncomingContent,
  { most, held, clock, timeout }: ReadOptions,
): Promise<Uint8Array | NotRead> {
  const { cancellation } = exchange;
  cancellation.interrupts({ interrupt: (reason) => content.fail(reason) });
  const idle = new IdleTimeout(clock, timeout, () => {
    const detail = `no request content arrived for ${timeout} ms`;
    cancellation.cancel(new GatewayError("request_timeout", detail));
  });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let outcome: NotRead | undefined;
  try {
    while (outcome === undefined) {
      const result = content.read();
      const { value } = result instanceof Promise ? await result : result;
      if (value === undefined) break;
      idle.touch();
      pieces.push(value);
      bytes += value.length;
      if (bytes > most) outcome = "too large";
      else if (!held.take(exchange, value.length)) outcome = "no room";
    }
  } finally {
    idle.stop();
  }
  const [only] = pieces;
  const whole = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  content.putBack(whole);
  return outcome ?? whole;
}
