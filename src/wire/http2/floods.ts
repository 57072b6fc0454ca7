import type { Clock } from "../../time/clock.ts";
import { Budget } from "./budget.ts";
import { ErrorCode, Http2Error } from "./error-code.ts";

/**
 * Streams that a peer may have reset, or made us reset, at once and in a second, besides as many as have
 * been answered: some clients give up many of their calls.
 */
const RESETS = { burst: 500, perSecond: 50 };
/** Frames without content or request, at once and in a second, besides those that useful ones bring. */
const CONTROL_FRAMES = { burst: 2000, perSecond: 200 };

/** Notices a peer that keeps us busy with frames that serve nothing (RFC 9113 section 10.5). */
export class Floods {
  readonly #resets: Budget;
  readonly #control: Budget;

  constructor(clock: Clock) {
    this.#resets = new Budget(clock, RESETS.burst, RESETS.perSecond);
    this.#control = new Budget(clock, CONTROL_FRAMES.burst, CONTROL_FRAMES.perSecond);
  }

  /** A stream was reset before it was answered, or because of what the peer sent. Throws Http2Error. */
  reset(): void {
    if (!this.#resets.spend()) throw flood("streams that were reset");
  }

  /** A stream was answered to its end. */
  answered(): void {
    this.#resets.earn(1);
  }

  /** A frame that may serve nothing. Throws Http2Error. */
  control(frames: string): void {
    if (!this.#control.spend()) throw flood(frames);
  }

  /** A useful frame, with which so many others may come. */
  useful(others: number): void {
    this.#control.earn(others);
  }
}

function flood(what: string): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, `too many ${what}`);
}
