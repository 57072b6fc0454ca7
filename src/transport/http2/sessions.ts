import type { GatewayError } from "../../pipeline/errors.ts";
import { protocolList } from "../../wire/alpn.ts";
import { GREATEST_AGE } from "../ages.ts";
import type { Address } from "../address.ts";
import { AttemptError } from "../attempt-error.ts";
import type { Attempt, Carrier } from "../attempt.ts";
import type { Connections } from "../connections.ts";
import type { SocketOwner } from "../socket-events.ts";
import { MOST_STREAMS, Session, type SessionOwner, type SessionServices } from "./session.ts";

/** The protocols offered in the TLS handshake (ALPN). */
export const ALPN = {
  http2: protocolList(["h2"]),
  either: protocolList(["h2", "http/1.1"]),
} as const;

export interface SessionsOptions {
  readonly address: Address;
  readonly services: SessionServices;
  readonly random: () => number;
  /** Whether TLS says which protocol is spoken. */
  readonly isSecure: boolean;
  /** For a backend that chooses HTTP/1.1 in the handshake; undefined if it must speak HTTP/2. */
  readonly fallback: Connections | undefined;
  /** Nothing is open any more. */
  readonly onEmpty: () => void;
}

/**
 * The sessions with one backend. A request goes to the first one with room; those that find none wait
 * for one that is being opened.
 */
export class Sessions implements SessionOwner, Carrier {
  readonly #options: SessionsOptions;
  /** In the order in which they were opened. */
  readonly #open = new Set<Session>();
  readonly #dialling = new Set<Session>();
  readonly #waiting = new Set<Attempt>();
  /** Attempts that were sent before; each is sent at most twice. */
  readonly #sentBefore = new WeakSet<Attempt>();
  /** How many requests a new session is likely to take. */
  #likelyCapacity = MOST_STREAMS;
  /** Until when the backend counts as one that speaks HTTP/1.1, on the monotonic clock. */
  #isHttp1Until = Number.NEGATIVE_INFINITY;

  constructor(options: SessionsOptions) {
    this.#options = options;
    options.address.watch(this.#onMoved);
  }

  get connections(): number {
    const { fallback } = this.#options;
    return this.#open.size + this.#dialling.size + (fallback?.connections ?? 0);
  }

  carry(attempt: Attempt): void {
    const { fallback, services } = this.#options;
    if (fallback !== undefined && services.clock.monotonic() < this.#isHttp1Until) {
      fallback.carry(attempt);
      return;
    }
    for (const session of this.#open) {
      if (!session.hasRoom) continue;
      session.begin(attempt);
      return;
    }
    attempt.carrier = this;
    this.#waiting.add(attempt);
    this.#dialIfNeeded();
  }

  drop(attempt: Attempt): void {
    this.#waiting.delete(attempt);
  }

  again(attempt: Attempt): boolean {
    if (this.#sentBefore.has(attempt)) return false;
    this.#sentBefore.add(attempt);
    this.carry(attempt);
    return true;
  }

  /** Closes idle sessions; the others end with their attempts. */
  closeIdle(): void {
    for (const session of this.#open) session.retire();
    this.#options.fallback?.closeIdle();
  }

  /** Ends everything. */
  cut(): void {
    for (const session of [...this.#dialling, ...this.#open]) session.cut();
    this.#options.fallback?.cut();
  }

  ready(session: Session): void {
    this.#dialling.delete(session);
    this.#options.address.settled(session);
    this.#open.add(session);
    session.retireAfter(GREATEST_AGE * (0.9 + 0.2 * this.#options.random()));
    this.#likelyCapacity = session.capacity;
    this.#serve(session);
    this.#dialIfNeeded();
  }

  changed(session: Session): void {
    if (this.#waiting.size === 0) return;
    if (this.#open.has(session)) this.#likelyCapacity = session.capacity;
    this.#serve(session);
    this.#dialIfNeeded();
  }

  declined(session: Session, socket: Bun.Socket<SocketOwner>): void {
    const { address, fallback, services } = this.#options;
    this.#dialling.delete(session);
    address.settled(session);
    if (fallback === undefined) {
      socket.terminate();
      this.#failWaiting(declinedError());
      this.closeIfEmpty();
      return;
    }
    this.#isHttp1Until = services.clock.monotonic() + GREATEST_AGE;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    const [first, ...others] = waiting;
    if (first === undefined) socket.terminate();
    else fallback.adopt(socket, session.address, first);
    for (const attempt of others) fallback.carry(attempt);
    this.closeIfEmpty();
  }

  gone(session: Session, error: Error): void {
    this.#open.delete(session);
    if (this.#dialling.delete(session)) {
      this.#options.address.settled(session);
      if (this.#dialling.size === 0) this.#failWaiting(this.#meaningOf(error));
    } else this.#dialIfNeeded();
    this.closeIfEmpty();
  }

  /** Those that carry requests close after them. */
  readonly #onMoved = (): void => {
    for (const session of this.#open) {
      if (!this.#options.address.leadsTo(session.address)) session.retire();
    }
  };

  #serve(session: Session): void {
    for (const attempt of this.#waiting) {
      if (!session.hasRoom) return;
      this.#waiting.delete(attempt);
      session.begin(attempt);
    }
  }

  #dialIfNeeded(): void {
    const { address, services, isSecure } = this.#options;
    // A backend that takes none at the moment will say when it does.
    if (this.#likelyCapacity === 0 && this.#open.size > 0) return;
    const expected = Math.max(1, this.#likelyCapacity);
    while (this.#waiting.size > 0 && this.#waiting.size > this.#dialling.size * expected) {
      const session = new Session(this, services, isSecure);
      this.#dialling.add(session);
      address.dial(session);
    }
  }

  #failWaiting(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const attempt of waiting) attempt.fail(error);
  }

  #meaningOf(error: Error): Error {
    const { isSecure, fallback } = this.#options;
    const isHandshake = "code" in error && error.code === "EPROTO";
    if (!isSecure || fallback !== undefined || !isHandshake) return error;
    const detail =
      "the TLS handshake with the backend failed; if it does not offer HTTP/2, set `protocol: http1`";
    return new AttemptError("backend_tls_failed", detail, "nothing", error);
  }

  /** To be called when anything has been closed. */
  closeIfEmpty(): void {
    const { fallback } = this.#options;
    if (this.#open.size + this.#dialling.size + this.#waiting.size > 0) return;
    if (fallback !== undefined && !fallback.isEmpty) return;
    this.#options.address.unwatch(this.#onMoved);
    this.#options.onEmpty();
  }
}

function declinedError(): GatewayError {
  const detail =
    "the backend does not offer HTTP/2 in its TLS handshake; set `protocol: auto` or `http1`";
  return new AttemptError("backend_protocol_error", detail, "nothing");
}
