import type { Clock } from "../../time/clock.ts";
import { type PendingTimeout, Timeout } from "../../time/timeout.ts";
import type { Http2Connection } from "../../wire/http2/connection.ts";
import { ErrorCode, Http2Error } from "../../wire/http2/error-code.ts";

/** Milliseconds of silence after which a backend with requests is pinged. */
export const SILENCE = 15_000;
/** Milliseconds for the answer to a PING. */
export const PING_ANSWER = 10_000;
/** Milliseconds between two PINGs with nothing else between. gRPC servers allow one in 5 minutes. */
const BETWEEN_PINGS = 310_000;

/** The timeouts of all sessions' watches. */
export class SilenceTimeouts {
  readonly clock: Clock;
  /** After which a session with requests is looked at. */
  readonly look: Timeout<SilenceWatch>;
  /** Within which a PING has to be answered. */
  readonly ping: Timeout<SilenceWatch>;

  constructor(clock: Clock) {
    this.clock = clock;
    this.look = new Timeout(clock, SILENCE, (watch) => watch.look());
    this.ping = new Timeout(clock, PING_ANSWER, (watch) => watch.pingIsUp());
  }
}

/** Notices that the backend of a session has gone: the connection fails if a PING is not answered. */
export class SilenceWatch {
  readonly #http2: Http2Connection;
  readonly #timeouts: SilenceTimeouts;
  #looking: PendingTimeout = { running: false };
  #pinging: PendingTimeout = { running: false };
  /** Monotonic times. */
  #heardAt = 0;
  #pingedAt = Number.NEGATIVE_INFINITY;

  constructor(http2: Http2Connection, timeouts: SilenceTimeouts) {
    this.#http2 = http2;
    this.#timeouts = timeouts;
  }

  /** The session carries requests. */
  begin(): void {
    this.#looking = this.#timeouts.look.begin(this);
  }

  /** The session carries none. */
  end(): void {
    const { look, ping } = this.#timeouts;
    look.end(this.#looking);
    ping.end(this.#pinging);
  }

  /** Something has been received. */
  heard(): void {
    this.#heardAt = this.#timeouts.clock.monotonic();
  }

  look(): void {
    const { clock, ping } = this.#timeouts;
    this.begin();
    const now = clock.monotonic();
    const isQuiet = now - this.#heardAt >= SILENCE;
    const pause = this.#heardAt > this.#pingedAt + PING_ANSWER ? 0 : BETWEEN_PINGS;
    if (!isQuiet || this.#pinging.running || now - this.#pingedAt < pause) return;
    this.#pingedAt = now;
    this.#http2.ping();
    this.#pinging = ping.begin(this);
  }

  pingIsUp(): void {
    if (this.#heardAt > this.#pingedAt) return;
    this.#http2.fail(new Http2Error(ErrorCode.noError, "PING was not answered"));
  }
}
