import type { Clock } from "../../../time/clock.ts";
import type { Line } from "../../../transport/line.ts";
import { clientLeft } from "../failures.ts";
import { interimHead } from "./answer-head.ts";
import type { Http1Request } from "./request.ts";
import type { Sending } from "./send-answer.ts";

/** Milliseconds until it is found out whether the client has left. */
const PROBE_AFTER_MS = 1_000;

/**
 * A client that has closed its sending side before its answer, and either waits for it or has left
 * altogether. It is sent an interim answer: if it has left, the write fails; if it waits, it ignores
 * that (RFC 9110 section 15.2).
 */
export class HalfClosedClient {
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #request: Http1Request;
  /** The answer, while it is being sent. */
  readonly #sending: () => Sending | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(line: Line, clock: Clock, request: Http1Request, sending: () => Sending | undefined) {
    this.#line = line;
    this.#clock = clock;
    this.#request = request;
    this.#sending = sending;
    this.#probeLater();
  }

  /** Its request is done with. */
  end(): void {
    this.#cancelTimer?.();
  }

  #probeLater(): void {
    const before = this.#sending();
    const asked = before?.asked;
    this.#cancelTimer = this.#clock.schedule(PROBE_AFTER_MS, () => {
      if (this.#sending() === undefined) {
        if (this.#request.protocol !== "HTTP/1.0") this.#line.write(interimHead(100, []));
        return;
      }
      // Nothing can be sent that would show it, so a client that closes now is taken to have left.
      if (before !== undefined && before.asked === asked) {
        this.#request.cancellation.cancel(clientLeft());
        this.#line.end("cut");
      } else this.#probeLater();
    });
  }
}
