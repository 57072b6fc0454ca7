import { authenticatesConnection } from "../http/connection-auth.ts";
import { isReader } from "../pipeline/answer.ts";
import type { ClientConnection } from "../pipeline/client-request.ts";
import type { GatewayError } from "../pipeline/errors.ts";
import type { PendingTimeout } from "../time/timeout.ts";
import type { AnswerHeadReader } from "../wire/answer-head.ts";
import { Malformed } from "../wire/malformed.ts";
import type { Connecting } from "./address.ts";
import { notValidHttp } from "./attempt-error.ts";
import type { Attempt, Carrier } from "./attempt.ts";
import type { ContentReader } from "../pipeline/content.ts";
import type { Flow } from "../pipeline/incoming-content.ts";
import { IncomingAnswer } from "./incoming-answer.ts";
import { Line } from "./line.ts";
import { LineChannel } from "./line-channel.ts";
import { goesInChunks, requestHead } from "./request-head.ts";
import type { SocketOwner } from "./socket-events.ts";
import { Upload } from "./upload.ts";

/** The owner of connections, which gets their events. */
export interface ConnectionOwner {
  /** Requests can be sent. */
  connected(connection: Connection): void;
  /** Reads the answers' header sections. */
  readonly heads: AnswerHeadReader;
  /** The connection is open and carries nothing. */
  idle(connection: Connection): void;
  /** It has been idle for long. */
  idleForLong(connection: Connection): void;
  /** It is closed. */
  gone(connection: Connection): void;
  /** The connection has a request to send; the owner calls `sendNow` at the end of the turn. */
  sendSoon(connection: Connection): void;
  /** The header section has arrived, for the attempt that waits for it. */
  answeredSoon(attempt: Attempt, answer: IncomingAnswer): void;
  /** The backend has authenticated the connection, or is about to; for which client, if known. */
  reserve(attempt: Attempt): ClientConnection | undefined;
  /** The backend had already closed the connection, and the attempt may be sent once more. */
  again(attempt: Attempt): void;
}

/** A request in progress, and its answer. */
interface Carrying {
  readonly name: "carrying";
  readonly attempt: Attempt;
  readonly answer: IncomingAnswer;
  /** A request to send at the end of the turn. */
  unsent: string | Uint8Array | undefined;
  /** Content that is still being read from the client. */
  upload: Upload | undefined;
}

/**
 * What a connection is doing.
 *
 *   dialling ─▶ carrying ⇄ idle
 *       │          │ └──────│──▶ upgraded
 *       └──────────┴────────┴───────┴──▶ closed
 */
type State =
  | { readonly name: "dialling"; readonly attempt: Attempt }
  | Carrying
  | { readonly name: "idle" }
  | { readonly name: "upgraded"; readonly attempt: Attempt; readonly channel: LineChannel }
  | { readonly name: "closed" };

const IDLE: State = { name: "idle" };
const CLOSED: State = { name: "closed" };

/** A connection to a backend, which carries one attempt after another. */
export class Connection implements Carrier, Flow, Connecting {
  connectTime: PendingTimeout = { running: false };
  /** Set by its owner: how long it may stay idle. */
  idleTime: PendingTimeout = { running: false };
  /** Set by its owner: the monotonic time after which it carries no further request. */
  retiresAt = Number.POSITIVE_INFINITY;
  /** The IP address at its other end, once it is open. */
  address = "";
  /**
   * Whose requests it may carry: an authenticated connection carries those of one client connection, or
   * no further ones if that cannot be identified.
   */
  servesOnly: ClientConnection | "nobody" | undefined = undefined;
  readonly #owner: ConnectionOwner;
  readonly #line = new Line();
  #state: State;
  #requests = 0;

  /** The first attempt is sent as soon as the connection is ready. */
  constructor(owner: ConnectionOwner, first: Attempt) {
    this.#owner = owner;
    this.#state = { name: "dialling", attempt: first };
    first.carrier = this;
  }

  /** Whether it still needs a socket. */
  get isDialling(): boolean {
    return !this.#line.isSettled;
  }

  /** Whether it is reserved for a client connection that is still open. */
  get isReserved(): boolean {
    return typeof this.servesOnly === "object" && this.servesOnly.isOpen;
  }

  /** It has been idle for as long as its owner allows. */
  idleForLong(): void {
    this.#owner.idleForLong(this);
  }

  /** Sends a request. Only for a connection that is idle. */
  begin(attempt: Attempt): void {
    attempt.carrier = this;
    this.#send(attempt);
  }

  /** Sends what `sendSoon` was asked for. */
  sendNow(): void {
    const state = this.#state;
    if (state.name !== "carrying" || state.unsent === undefined) return;
    const request = state.unsent;
    state.unsent = undefined;
    this.#write(state.attempt, request);
  }

  /** For an idle connection that is no longer needed. */
  close(): void {
    this.#end("close");
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  abandon(): void {
    this.#end("cut");
  }

  drop(attempt: Attempt, reason: GatewayError): void {
    const state = this.#state;
    if ("attempt" in state && state.attempt === attempt) this.#end("cut", reason);
  }

  opened(socket: Bun.Socket<SocketOwner>): boolean {
    return this.#line.take(socket);
  }

  /** Requests can be sent. A later handshake must not send anything again. */
  ready(): void {
    if (this.#state.name !== "dialling") return;
    this.#owner.connected(this);
    this.#send(this.#state.attempt);
  }

  received(bytes: Buffer): void {
    const state = this.#state;
    if (state.name === "upgraded") {
      state.channel.received(bytes);
      return;
    }
    if (state.name !== "carrying") {
      // Unsolicited bytes: drop the connection.
      this.#end("cut");
      return;
    }
    const { attempt, answer } = state;
    if (state.unsent !== undefined && this.#requests > 1) {
      // Unsolicited as well: the request has not been sent yet.
      this.#sendElsewhere(attempt);
      return;
    }
    const hadHead = answer.hasHead;
    try {
      answer.receive(bytes);
    } catch (error) {
      this.#end(
        "cut",
        error instanceof Malformed ? notValidHttp(error.message, error) : (error as Error),
      );
      return;
    }
    if (answer.status === 101) {
      this.#upgrade(state);
      return;
    }
    if (answer.hasHead && !hadHead) {
      if (answer.authenticatesConnection) this.#reserveFor(attempt);
      this.#owner.answeredSoon(attempt, answer);
    }
    if (answer.complete) this.#finish(state);
  }

  drained(): void {
    const tookSome = this.#line.drained();
    if (this.#state.name === "upgraded") this.#state.channel.drained();
    else if (tookSome && "attempt" in this.#state) this.#state.attempt.reached = "maybe";
  }

  /** A connection whose backend has closed its side carries no further request. */
  ended(): void {
    if (this.#state.name === "upgraded") this.#state.channel.ended();
    else this.closed(undefined);
  }

  closed(cause: Error | undefined): void {
    const state = this.#state;
    if (state.name === "upgraded") state.channel.closed(cause);
    if (state.name === "carrying") this.#closedUnder(state, cause);
    else this.#end("cut", cause ?? broken(undefined));
  }

  refused(error: Error): void {
    this.#end("cut", error);
  }

  #closedUnder(state: Carrying, cause: Error | undefined): void {
    const { attempt, answer } = state;
    if (cause === undefined && answer.end()) {
      this.#finish(state);
      return;
    }
    if (this.#requests > 1 && !answer.begun) {
      if (attempt.reached !== "nothing") attempt.reached = "reused";
      if (attempt.isRepeatable) {
        this.#sendElsewhere(attempt);
        return;
      }
    }
    // Errors without a code are our own.
    this.#end("cut", cause !== undefined && !("code" in cause) ? cause : broken(cause));
  }

  #send(attempt: Attempt): void {
    const { request } = attempt;
    const { body } = request;
    this.#requests += 1;
    if (this.servesOnly === undefined && authenticatesConnection(request.fields)) {
      this.servesOnly = "nobody";
    }
    const isForHead = request.method === "HEAD";
    const { heads } = this.#owner;
    const answer = new IncomingAnswer(isForHead, this, heads, request.upgrade, attempt);
    const state: Carrying = {
      name: "carrying",
      attempt,
      answer,
      unsent: undefined,
      upload: undefined,
    };
    this.#state = state;
    let head: string | Uint8Array;
    try {
      head = requestHead(request);
    } catch (error) {
      this.#end("cut", error as Error);
      if (isReader(body)) void body.cancel(error);
      return;
    }
    if (isReader(body)) {
      this.#sendStream(state, head, body);
      return;
    }
    state.unsent = body === null ? head : withContent(head, body);
    this.#owner.sendSoon(this);
  }

  #sendStream(state: Carrying, head: string | Uint8Array, body: ContentReader): void {
    const { attempt } = state;
    this.#write(attempt, head);
    attempt.isStreamTouched = true;
    const upload = new Upload(body, this.#line, goesInChunks(attempt.request));
    state.upload = upload;
    upload.send().then(
      () => {
        state.upload = undefined;
      },
      (error: Error) => {
        if (state === this.#state) this.#end("cut", error);
      },
    );
  }

  #write(attempt: Attempt, data: string | Uint8Array): void {
    if (this.#line.write(data)) attempt.reached = "maybe";
  }

  /** Has the attempt sent on another connection. */
  #sendElsewhere(attempt: Attempt): void {
    this.#state = IDLE;
    // First, so that the owner always has a connection.
    this.#owner.again(attempt);
    this.#end("cut");
  }

  #reserveFor(attempt: Attempt): void {
    if (typeof this.servesOnly === "object") return;
    this.servesOnly = this.#owner.reserve(attempt) ?? "nobody";
  }

  /** The backend has agreed to an upgrade, so the connection is the answer's from now on. */
  #upgrade({ attempt, answer, upload, unsent }: Carrying): void {
    if (upload !== undefined || unsent !== undefined || this.#line.isFull) {
      this.#end("cut", notValidHttp("a 101 before the end of the request"));
      return;
    }
    const channel = new LineChannel(this.#line, answer.early);
    answer.channel = channel;
    this.#state = { name: "upgraded", attempt, channel };
    // Until somebody listens.
    this.#line.pause();
    this.#owner.gone(this);
    this.#owner.answeredSoon(attempt, answer);
  }

  /** The answer has ended. */
  #finish(state: Carrying): void {
    // If the answer ended before the request, the rest of the request is unsent.
    if (state.upload !== undefined || state.unsent !== undefined || this.#line.isFull) {
      this.#end("cut");
      return;
    }
    if (!state.answer.persists || this.servesOnly === "nobody") {
      this.#end("close");
      return;
    }
    this.#state = IDLE;
    this.#line.resume();
    this.#owner.idle(this);
  }

  /** The only way to end. `cause` is the attempt's error if it is not over. */
  #end(manner: "close" | "cut", cause?: Error): void {
    const state = this.#state;
    if (state.name === "closed") return;
    this.#state = CLOSED;
    if (state.name !== "upgraded") this.#owner.gone(this);
    this.#line.end(manner);
    if (!("attempt" in state)) return;
    if (state.name === "carrying") {
      state.upload?.cancel(cause);
      if (cause !== undefined) state.answer.fail(cause);
    }
    if (cause !== undefined) state.attempt.fail(cause);
  }
}

function withContent(head: string | Uint8Array, content: Uint8Array): Uint8Array {
  return Buffer.concat([typeof head === "string" ? Buffer.from(head) : head, content]);
}

function broken(cause: (Error & { readonly code: unknown }) | undefined): Error {
  const code = cause?.code ?? "ECONNRESET";
  return Object.assign(new Error("the backend closed the connection", { cause }), { code });
}
