import type { Clock } from "../time/clock.ts";
import { type Defer, EndOfTurn } from "../time/end-of-turn.ts";
import { Timeout } from "../time/timeout.ts";
import type { Destination } from "../upstream/destination.ts";
import { BatchBuffers } from "../wire/http2/frame-sender.ts";
import { Address } from "./address.ts";
import type { Attempt } from "./attempt.ts";
import type { BackendCarrier } from "./backend-carrier.ts";
import type { BackendAnswer } from "./backend-answer.ts";
import { Connections, type ConnectionServices } from "./connections.ts";
import { FetchBudget, FetchCarrier } from "./fetch-carrier.ts";
import type { SessionServices } from "./http2/session.ts";
import { ALPN, Sessions } from "./http2/sessions.ts";
import { SilenceTimeouts } from "./http2/silence-watch.ts";
import type { Names } from "./names.ts";

/**
 * Milliseconds for which an idle connection is kept. Some common servers close theirs after 5 s, and a
 * request should not meet a connection that is being closed.
 */
const IDLE_MS = 4_000;
/** Limits on what backends may send by HTTP/2, in bytes. The windows allow 100 full streams at a time. */
const HTTP2_LIMITS = {
  maxStreams: 0,
  streamWindow: 262_144,
  largestStreamWindow: 1_048_576,
  connectionWindow: 134_217_728,
  headers: { maxSize: 65_536, maxFields: 1_000 },
};

export interface CarriersOptions {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly defer: Defer;
  readonly names: Names;
}

/** Makes what carries attempts to a backend, by how that is to be reached. */
export class Carriers {
  readonly #options: CarriersOptions;
  readonly #connections: ConnectionServices;
  readonly #sessions: SessionServices;
  readonly #fetchBudget = new FetchBudget();

  constructor(options: CarriersOptions) {
    const { clock, random, defer } = options;
    const answers = new EndOfTurn<{ readonly attempt: Attempt; readonly answer: BackendAnswer }>(
      ({ attempt, answer }) => attempt.succeed(answer),
      defer,
    );
    const flushes = new EndOfTurn<{ flush(): void }>((connection) => connection.flush(), defer);
    this.#options = options;
    this.#connections = {
      clock,
      random,
      idleTimeout: new Timeout(clock, IDLE_MS, (connection) => connection.idleForLong()),
      requests: new EndOfTurn((connection) => connection.sendNow(), defer),
      answers,
    };
    this.#sessions = {
      clock,
      http2: {
        clock,
        buffers: new BatchBuffers(),
        flushSoon: (connection) => flushes.add(connection),
        limits: HTTP2_LIMITS,
      },
      answers,
      silence: new SilenceTimeouts(clock),
    };
  }

  /** `onEmpty` is called when nothing is open any more; what follows is for another carrier. */
  to(to: Destination, onEmpty: () => void): BackendCarrier {
    const { protocol, tls } = to;
    if (protocol === "http3") return new FetchCarrier(this.#fetchBudget);
    return protocol === "http2" || (protocol === "auto" && tls !== undefined)
      ? this.#sessionsTo(to, onEmpty)
      : this.#connectionsTo(to, onEmpty);
  }

  #connectionsTo(to: Destination, onEmpty: () => void): Connections {
    const { names, clock } = this.#options;
    return new Connections(new Address(to, names, clock), this.#connections, onEmpty);
  }

  #sessionsTo(to: Destination, onEmpty: () => void): Sessions {
    const { names, clock, random } = this.#options;
    const isSecure = to.tls !== undefined;
    const isAuto = to.protocol === "auto";
    const alpn = isAuto ? ALPN.either : ALPN.http2;
    const fallback = isAuto ? this.#connectionsTo(to, () => sessions.closeIfEmpty()) : undefined;
    const sessions: Sessions = new Sessions({
      address: new Address(to, names, clock, isSecure ? alpn : undefined),
      services: this.#sessions,
      random,
      isSecure,
      fallback,
      onEmpty,
    });
    return sessions;
  }
}
