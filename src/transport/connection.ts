import { type AnswerHeadReader, MalformedAnswer } from "../wire/answer-head.ts";
import { authenticatesConnection } from "../http/connection-auth.ts";
import type { GatewayError } from "../pipeline/errors.ts";
import type { Countdown } from "../time/time-limit.ts";
import { AttemptError } from "./attempt-error.ts";
import type { ContentReader } from "../pipeline/content.ts";
import type { Attempt, Carrier, ClientConnection } from "./attempt.ts";
import type { ClientSocket } from "./client-socket.ts";
import { type Flow, IncomingAnswer } from "./incoming-answer.ts";
import { goesInChunks, requestHead } from "./request-head.ts";

/** Who has the connections and wants to know of theirs. */
export interface ConnectionOwner {
  /** Reads the answers' header sections. */
  readonly heads: AnswerHeadReader;
  /** The connection is open and carries nothing. */
  idle(connection: Connection): void;
  /** It is closed. */
  gone(connection: Connection): void;
  /** The connection has a request to send, and is to be told to when the turn is over. */
  sendSoon(connection: Connection): void;
  /** The header section of the answer is there, for whoever waits for it. */
  answeredSoon(attempt: Attempt, answer: IncomingAnswer): void;
  /** The backend has authenticated the connection, or means to; for whom, where that can be told. */
  reserve(attempt: Attempt): Reservation | undefined;
  /** An attempt met a connection that its backend had closed meanwhile, and may be sent once more. */
  again(attempt: Attempt): void;
}

/** One client connection to which a connection belongs. */
export interface Reservation {
  readonly client: ClientConnection;
  readonly socket: ClientSocket;
}

/** What a socket is called on; one object serves all of them. */
export const CONNECTION_EVENTS: Bun.SocketHandler<Connection> = {
  binaryType: "buffer",
  open(socket) {
    socket.data.opened(socket);
    socket.data.ready();
  },
  data: (socket, bytes) => socket.data.received(bytes),
  drain: (socket) => socket.data.drained(),
  // A connection of which the backend has closed its side carries no further request.
  end: (socket) => socket.data.closed(undefined),
  close: (socket, error) => socket.data.closed(error),
  error: (socket, error) => socket.data.closed(error),
  // Whoever dialled is told by a rejected promise.
  connectError: () => {},
};

/** The same for TLS, whose handshake comes before anything is sent. */
export function secureConnectionEvents(
  trustsAnyCertificate: boolean,
): Bun.SocketHandler<Connection> {
  return {
    ...CONNECTION_EVENTS,
    open: (socket) => socket.data.opened(socket),
    handshake(socket, trusted, reason: (Error & { readonly code?: unknown }) | null) {
      const certificateIsAtFault = reason !== null && !NO_HANDSHAKE.has(reason.code);
      if (trusted || (certificateIsAtFault && trustsAnyCertificate)) socket.data.ready();
      else socket.data.refused(reason ?? broken(undefined));
    },
  };
}

/** Handshakes that came to nothing; other reasons are about a certificate. */
const NO_HANDSHAKE = new Set<unknown>(["EPROTO", "ECONNRESET"]);

/**
 * A connection to a backend, which carries one attempt after another.
 *
 *   attempt ─▶ head, content ─▶ socket ─▶ IncomingAnswer ─▶ idle, or closed
 */
export class Connection implements Carrier, Flow {
  /** Its owner's: how long it may stay idle. */
  idleTime: Countdown = { running: false };
  /**
   * Whose requests it may carry: a connection that has been authenticated carries those of one client
   * connection, or no further ones at all where that one cannot be told from others.
   */
  servesOnly: Reservation | "nobody" | undefined = undefined;
  readonly #owner: ConnectionOwner;
  #socket: Bun.Socket<Connection> | undefined;
  #attempt: Attempt | undefined;
  #answer: IncomingAnswer | undefined;
  /** Content that is still being read from the client. */
  #upload: ContentReader | undefined;
  /** A request that is sent at the end of the turn. */
  #unsaid: string | Uint8Array | undefined;
  /** What the socket has not taken yet. */
  #unsent: Uint8Array | undefined;
  #onDrained: (() => void) | undefined;
  #attempts = 0;
  #paused = false;
  #closed = false;

  /** The first attempt is begun when the connection is ready. */
  constructor(owner: ConnectionOwner, first: Attempt) {
    this.#owner = owner;
    this.#attempt = first;
    first.carrier = this;
  }

  /** Sends a request. Only for a connection that is idle. */
  begin(attempt: Attempt): void {
    this.#attempt = attempt;
    attempt.carrier = this;
    this.#send(attempt);
  }

  /** Sends what `sendSoon` was asked for. */
  sendNow(): void {
    const request = this.#unsaid;
    this.#unsaid = undefined;
    if (request !== undefined) this.#write(request);
  }

  /** Whether it belongs to a client connection that is still open. */
  get isReserved(): boolean {
    return typeof this.servesOnly === "object" && this.servesOnly.socket.isOpen();
  }

  /** It has been idle for as long as connections may be. */
  idleForLong(): void {
    // To close an authenticated connection would end the client's session with the backend.
    if (this.isReserved) this.#owner.idle(this);
    else this.close();
  }

  /** For an idle connection that is not needed any more. */
  close(): void {
    this.#release();
    this.#socket?.end();
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  abandon(): void {
    this.#destroy();
  }

  drop(attempt: Attempt, reason: GatewayError): void {
    if (attempt === this.#attempt) this.#fail(reason);
  }

  opened(socket: Bun.Socket<Connection>): void {
    this.#socket = socket;
    if (this.#closed) socket.terminate();
  }

  /** Requests can be sent. A later handshake is no reason to send anything again. */
  ready(): void {
    if (this.#attempts > 0 || this.#closed) return;
    if (this.#attempt !== undefined) this.#send(this.#attempt);
  }

  received(bytes: Buffer): void {
    const answer = this.#answer;
    const attempt = this.#attempt;
    if (answer === undefined || attempt === undefined) {
      // Nobody has asked, so it is the answer to nothing.
      this.#destroy();
      return;
    }
    if (this.#unsaid !== undefined && this.#attempts > 1) {
      // Nor has anybody been asked yet, so this is the answer to nothing either.
      this.#sendElsewhere(attempt);
      return;
    }
    const hadHead = answer.hasHead;
    try {
      answer.receive(bytes);
    } catch (error) {
      this.#fail(error instanceof MalformedAnswer ? invalid(error) : (error as Error));
      return;
    }
    if (answer.hasHead && !hadHead) {
      if (answer.authenticatesConnection) this.#reserveFor(attempt);
      this.#owner.answeredSoon(attempt, answer);
    }
    if (answer.complete) this.#finish(answer);
  }

  drained(): void {
    const rest = this.#unsent;
    this.#unsent = undefined;
    if (rest !== undefined) this.#write(rest);
    if (this.#unsent === undefined) this.#tellDrained();
  }

  /** The backend has closed its side, or the connection has broken. */
  closed(cause: Error | undefined): void {
    if (this.#closed) return;
    const attempt = this.#attempt;
    const answer = this.#answer;
    if (attempt === undefined) {
      this.#destroy();
      return;
    }
    if (answer === undefined) {
      // Before the request could be sent.
      this.#fail(cause ?? broken(cause));
      return;
    }
    if (cause === undefined && answer.end()) {
      this.#finish(answer);
      return;
    }
    if (this.#attempts > 1 && !answer.begun) {
      if (attempt.reached !== "nothing") attempt.reached = "reused";
      if (attempt.isRepeatable) {
        this.#sendElsewhere(attempt);
        return;
      }
    }
    // What came without a code was thrown by ourselves.
    this.#fail(cause !== undefined && !("code" in cause) ? cause : broken(cause));
  }

  /** The connection could not be opened, or is not to be trusted. */
  refused(error: Error): void {
    this.#fail(error);
  }

  #send(attempt: Attempt): void {
    const { request } = attempt;
    const { body } = request;
    this.#attempts += 1;
    if (this.servesOnly === undefined && authenticatesConnection(request.fields)) {
      this.servesOnly = "nobody";
    }
    this.#answer = new IncomingAnswer(request.method === "HEAD", this, this.#owner.heads);
    let head: string | Uint8Array;
    try {
      head = requestHead(request);
    } catch (error) {
      this.#fail(error as Error);
      if (body instanceof ReadableStream) void body.cancel().catch(() => {});
      return;
    }
    if (body instanceof ReadableStream) {
      void this.#sendStream(attempt, head, body);
      return;
    }
    this.#unsaid = body === null ? head : Buffer.concat([bytesOf(head), body]);
    this.#owner.sendSoon(this);
  }

  async #sendStream(
    attempt: Attempt,
    head: string | Uint8Array,
    body: ReadableStream<Uint8Array>,
  ): Promise<void> {
    const chunked = goesInChunks(attempt.request);
    const reader = body.getReader();
    this.#upload = reader;
    this.#write(head);
    attempt.isStreamTouched = true;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (attempt !== this.#attempt) return;
        if (done) break;
        // A chunk of nothing would be the last one.
        if (value.length === 0) continue;
        this.#write(chunked ? chunkOf(value) : value);
        if (this.#unsent !== undefined) await this.#untilDrained();
      }
      if (chunked) this.#write(LAST_CHUNK);
    } catch (error) {
      if (attempt === this.#attempt) this.#fail(error as Error);
      return;
    }
    this.#upload = undefined;
  }

  /** Hands bytes, or text that is plain ASCII, to the socket or to what waits for it. */
  #write(data: string | Uint8Array): void {
    const socket = this.#socket;
    if (socket === undefined || this.#closed) return;
    if (this.#unsent !== undefined) {
      this.#unsent = Buffer.concat([this.#unsent, bytesOf(data)]);
      return;
    }
    const written = socket.write(data);
    if (written > 0 && this.#attempt !== undefined) this.#attempt.reached = "maybe";
    // A socket that has failed takes nothing, and tells by closing.
    if (written < data.length) this.#unsent = bytesOf(data).subarray(Math.max(written, 0));
  }

  #untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  #tellDrained(): void {
    const tell = this.#onDrained;
    this.#onDrained = undefined;
    tell?.();
  }

  /** Has the attempt sent on another connection, in place of this one. */
  #sendElsewhere(attempt: Attempt): void {
    this.#attempt = undefined;
    this.#owner.again(attempt);
    this.#destroy();
  }

  #reserveFor(attempt: Attempt): void {
    if (typeof this.servesOnly === "object") return;
    this.servesOnly = this.#owner.reserve(attempt) ?? "nobody";
  }

  #finish(answer: IncomingAnswer): void {
    // An answer before the end of the request leaves the rest of it unsent, or half sent.
    if ((this.#upload ?? this.#unsaid ?? this.#unsent) !== undefined) {
      this.#destroy();
      return;
    }
    if (!answer.persists || this.servesOnly === "nobody") {
      this.close();
      return;
    }
    this.#attempt = undefined;
    this.#answer = undefined;
    if (this.#paused) this.resume();
    this.#owner.idle(this);
  }

  #fail(error: Error): void {
    const attempt = this.#attempt;
    const answer = this.#answer;
    this.#destroy();
    answer?.fail(error);
    attempt?.fail(error);
  }

  #destroy(): void {
    const upload = this.#upload;
    this.#release();
    this.#socket?.terminate();
    void upload?.cancel(undefined).catch(() => {});
    this.#tellDrained();
  }

  #release(): void {
    this.#attempt = undefined;
    this.#answer = undefined;
    this.#upload = undefined;
    this.#unsaid = undefined;
    this.#unsent = undefined;
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.gone(this);
  }
}

const LAST_CHUNK = "0\r\n\r\n";

function chunkOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, LINE_END]);
}

const LINE_END = Buffer.from("\r\n");

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

function broken(cause: (Error & { readonly code: unknown }) | undefined): Error {
  const code = cause?.code ?? "ECONNRESET";
  return Object.assign(new Error("the backend closed the connection", { cause }), { code });
}

function invalid(cause: MalformedAnswer): AttemptError {
  return new AttemptError(
    "backend_protocol_error",
    `the backend's answer is not valid HTTP: ${cause.message}`,
    "maybe",
    cause,
  );
}
