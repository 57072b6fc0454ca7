import type { Clock } from "../../time/clock.ts";
import type { EndOfTurn } from "../../time/end-of-turn.ts";
import type { PendingTimeout } from "../../time/timeout.ts";
import { Http2Connection } from "../../wire/http2/connection.ts";
import type { ConnectionServices } from "../../wire/http2/connection-services.ts";
import { ErrorCode, Http2Error } from "../../wire/http2/error-code.ts";
import type { ConnectionOwner } from "../../wire/http2/stream-owner.ts";
import { NOBODY, type Stream } from "../../wire/http2/stream.ts";
import type { Connecting } from "../address.ts";
import { AttemptError, type Reached } from "../attempt-error.ts";
import type { Attempt } from "../attempt.ts";
import type { BackendAnswer } from "../backend-answer.ts";
import { Line } from "../line.ts";
import type { SocketOwner } from "../socket-events.ts";
import { type SilenceTimeouts, SilenceWatch } from "./silence-watch.ts";
import { StreamAttempt, type StreamSession } from "./stream-attempt.ts";

/** The owner of sessions, which gets their events. */
export interface SessionOwner {
  /** It takes requests. */
  ready(session: Session): void;
  /** In the TLS handshake the backend has chosen another protocol; the socket is the owner's now. */
  declined(session: Session, socket: Bun.Socket<SocketOwner>): void;
  /** It may take more requests than before, or none any more. */
  changed(session: Session): void;
  /** It is closed; `error` says why if it was never ready. */
  gone(session: Session, error: Error): void;
  /** Sends an attempt once more, on another session. False if that has been done before. */
  again(attempt: Attempt): boolean;
}

/** What all sessions share. */
export interface SessionServices {
  readonly clock: Clock;
  readonly http2: ConnectionServices;
  readonly answers: EndOfTurn<{ readonly attempt: Attempt; readonly answer: BackendAnswer }>;
  readonly silence: SilenceTimeouts;
}

/** Requests at a time on one session, so that a backend of many processes gets several. */
export const MOST_STREAMS = 100;
/**
 * What a session is doing.
 *
 *   dialling ─▶ greeting ─▶ open ─▶ retired
 *       └──────────┴─────────┴─────────┴────▶ closed
 *
 * Until the backend's SETTINGS no request is sent: until then it may be no HTTP/2 at all.
 */
type State = "dialling" | "greeting" | "open" | "retired" | "closed";

/** A connection to a backend by HTTP/2, which carries many attempts at a time. */
export class Session implements Connecting, StreamSession {
  connectTime: PendingTimeout = { running: false };
  address = "";
  readonly #owner: SessionOwner;
  readonly #services: SessionServices;
  readonly #line = new Line();
  readonly #http2: Http2Connection;
  readonly #isSecure: boolean;
  #socket: Bun.Socket<SocketOwner> | undefined;
  #state: State = "dialling";
  readonly #silence: SilenceWatch;
  /** Whether it has been idle after requests, and nothing has been received since. */
  #isStale = false;
  #hasCarried = false;
  #cancelRetirement: (() => void) | undefined;

  constructor(owner: SessionOwner, services: SessionServices, isSecure: boolean) {
    this.#owner = owner;
    this.#services = services;
    this.#isSecure = isSecure;
    this.#http2 = new Http2Connection("client", this.#line, this.#events(), services.http2);
    this.#silence = new SilenceWatch(this.#http2, services.silence);
  }

  get isDialling(): boolean {
    return !this.#line.isSettled;
  }

  /** Whether it takes another request. */
  get hasRoom(): boolean {
    return this.#state === "open" && this.#http2.streamCount < MOST_STREAMS && this.#http2.canOpen;
  }

  /** How many requests it may carry at a time. */
  get capacity(): number {
    return Math.min(MOST_STREAMS, this.#http2.peer.maxConcurrentStreams);
  }

  /** Sends a request. Only if it has room. */
  begin(attempt: Attempt): void {
    if (this.#http2.streamCount === 0) this.#isStale = this.#hasCarried;
    this.#hasCarried = true;
    new StreamAttempt(attempt, this).begin(this.#http2);
  }

  /** Takes no further requests after so many milliseconds. */
  retireAfter(milliseconds: number): void {
    this.#cancelRetirement = this.#services.clock.schedule(milliseconds, () => this.retire());
  }

  /** Takes no further requests, and closes after those that it carries. */
  retire(): void {
    if (this.#state !== "open") return;
    this.#state = "retired";
    this.#owner.changed(this);
    // Some servers break off what they are doing when they get GOAWAY.
    if (this.#http2.streamCount === 0) this.#http2.drain();
  }

  /** Ends it, and all requests that it carries. */
  cut(): void {
    const detail = "the connection is not needed";
    if (this.#state === "dialling") {
      this.refused(new AttemptError("backend_unreachable", detail, "nothing"));
    } else this.#http2.fail(new Http2Error(ErrorCode.noError, detail));
  }

  // The socket's events.

  opened(socket: Bun.Socket<SocketOwner>): boolean {
    this.#socket = socket;
    return this.#line.take(socket);
  }

  ready(): void {
    if (this.#state !== "dialling") return;
    const socket = this.#socket;
    if (this.#isSecure && socket !== undefined && alpnOf(socket) !== "h2") {
      this.#state = "closed";
      this.#owner.declined(this, socket);
      return;
    }
    this.#state = "greeting";
    this.#http2.start();
  }

  received(bytes: Buffer): void {
    this.#silence.heard();
    this.#isStale = false;
    this.#http2.received(bytes);
  }

  drained(): void {
    this.#line.drained();
    if (!this.#line.isFull) this.#http2.drained();
  }

  ended(): void {
    if (this.#state === "dialling") {
      this.closed(undefined);
      return;
    }
    // First, so that what it carried is not sent here again.
    this.#goingAway();
    this.#http2.peerEnded();
  }

  closed(cause: Error | undefined): void {
    if (this.#state === "dialling") {
      this.refused(cause ?? Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    } else this.#http2.closed(cause?.message ?? "the backend closed the connection");
  }

  refused(error: Error): void {
    if (this.#state === "closed" || this.#state === "open") return;
    if (this.#state === "dialling") this.#gone(error);
    else this.#http2.fail(new Http2Error(ErrorCode.noError, error.message));
    this.#line.end("cut");
  }

  // The connection's events.

  #events(): ConnectionOwner<Stream> {
    return {
      // Servers open no streams: PUSH_PROMISE is refused before there is one.
      opened: () => NOBODY,
      settingsChanged: () => this.#settingsChanged(),
      goingAway: () => this.#goingAway(),
      idleChanged: (isIdle) => this.#idleChanged(isIdle),
      failed: (error) => this.#failed(error),
    };
  }

  #settingsChanged(): void {
    if (this.#state === "greeting") {
      this.#state = "open";
      this.#owner.ready(this);
    } else this.#owner.changed(this);
  }

  #goingAway(): void {
    if (this.#state !== "open") return;
    this.#state = "retired";
    this.#owner.changed(this);
  }

  #idleChanged(isIdle: boolean): void {
    if (isIdle) {
      this.#silence.end();
      if (this.#state === "retired") this.#http2.drain();
    } else this.#silence.begin();
  }

  #failed(error: Http2Error): void {
    this.#gone(this.#state === "greeting" ? noHttp2(error, this.#isSecure) : error);
  }

  // What streams report.

  answeredSoon(attempt: Attempt, answer: BackendAnswer): void {
    this.#services.answers.add({ attempt, answer });
  }

  streamOver(): void {
    this.#owner.changed(this);
  }

  again(attempt: Attempt): boolean {
    return this.#owner.again(attempt);
  }

  reachedBeforeEnd(): Reached {
    return this.#isStale ? "reused" : "maybe";
  }

  #gone(error: Error): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#silence.end();
    this.#cancelRetirement?.();
    this.#owner.gone(this, error);
  }
}

/** The protocol that TLS has settled; empty without one. */
function alpnOf(socket: Bun.Socket<SocketOwner>): string {
  const { alpnProtocol } = socket;
  return typeof alpnProtocol === "string" ? alpnProtocol : "";
}

function noHttp2({ message, code }: Http2Error, isSecure: boolean): AttemptError {
  if (isSecure && code === ErrorCode.noError) {
    const detail = "the backend closed the connection before its first frame";
    return new AttemptError("backend_connection_closed", detail, "nothing");
  }
  const detail = `the backend does not speak HTTP/2 (${message}); if it speaks HTTP/1.1, set \`protocol: http1\``;
  return new AttemptError("backend_protocol_error", detail, "nothing");
}
