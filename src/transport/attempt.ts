import { idempotentMethods } from "../http/methods.ts";
import { type ErrorCode, GatewayError } from "../pipeline/errors.ts";
import type { AttemptRecord } from "../pipeline/exchange.ts";
import type { Countdown, TimeLimit } from "../time/time-limit.ts";
import { AttemptError, type Reached } from "./attempt-error.ts";
import type { BackendAnswer } from "./backend-answer.ts";
import { backendError } from "./backend-error.ts";
import type { Cancellation, Interruptible } from "../pipeline/cancellation.ts";

/** Content on its way to a backend: in one piece, as a stream, or none. */
export type RequestContent = Uint8Array | ReadableStream<Uint8Array> | null;

/** A request as a backend is to get it. */
export interface BackendRequest {
  /** The backend's URL in the configuration. */
  readonly backend: string;
  /** Scheme, host and port: "http://localhost:9001". */
  readonly origin: string;
  readonly method: string;
  /** Path and query, beginning with "/". */
  readonly target: string;
  /** Names in lower case, each followed by its value. A stream without Content-Length goes in chunks. */
  readonly fields: readonly string[];
  readonly body: RequestContent;
  /** Settles when a body that is a stream has ended; absent for others. */
  readonly bodySent: Promise<void> | undefined;
  readonly tls: Bun.TLSOptions | undefined;
  /** From the end of the request's content until the backend's header section must have arrived. */
  readonly timeLimit: TimeLimit<Attempt>;
  /** The exchange's, which ends the attempt too; what ends the attempt does not end the exchange. */
  readonly cancellation: Cancellation;
  /** Who asked. Only read where a connection belongs to one client. */
  readonly from: Asker;
}

/** Who asked for something, as far as connections that belong to one client go. */
export interface Asker {
  /** The client's connection; undefined when it may carry requests of many clients. */
  readonly clientConnection: ClientConnection | undefined;
}

/** The client's end of its connection. */
export interface ClientConnection {
  readonly address: string;
  readonly port: number;
}

/** Sends an attempt's request to its backend, and tells the attempt of the answer or the failure. */
export type Transport = (attempt: Attempt) => void;

/** What carries an attempt, while something does. */
export interface Carrier {
  /** The attempt has been broken off; nothing more of it is to be sent or received. */
  drop(attempt: Attempt, reason: GatewayError): void;
}

/** One sending of one request to one backend, and the wait for the answer. */
export class Attempt implements Interruptible, AttemptRecord {
  readonly request: BackendRequest;
  readonly startedAt: number;
  endedAt = 0;
  failure: Error | undefined = undefined;
  carrier: Carrier | undefined = undefined;
  /** How far the request has come; also holds when the attempt was broken off. */
  reached: Reached = "nothing";
  /** Whether content that is a stream has been read from, so that it cannot be sent a second time. */
  isStreamTouched = false;
  readonly #answered = Promise.withResolvers<BackendAnswer>();
  #countdown: Countdown | undefined;
  /** Whether it has come to its answer or has failed. */
  #isOver = false;

  /** `startedAt` is monotonic, in milliseconds. */
  constructor(request: BackendRequest, startedAt: number) {
    this.request = request;
    this.startedAt = startedAt;
  }

  get backend(): string {
    return this.request.backend;
  }

  /**
   * Sends the request and waits for the header section of the answer. Rejects with an AttemptError
   * when the backend failed, and otherwise with the GatewayError that it was broken off for.
   */
  sendBy(transport: Transport): Promise<BackendAnswer> {
    const { bodySent, cancellation, timeLimit } = this.request;
    // Until the request's content is sent it is the client who is waited for.
    this.#countdown =
      bodySent === undefined ? timeLimit.begin(this) : timeLimit.beginAfter(bodySent, this);
    // From here on somebody waits for what may be rejected.
    cancellation.interrupts(this);
    transport(this);
    return this.#answered.promise;
  }

  /**
   * Whether it may be sent once more, on another connection. What a backend may have acted on is sent
   * again only when that makes no difference (RFC 9110 section 9.2.2).
   */
  get isRepeatable(): boolean {
    if (this.#isOver || this.isStreamTouched) return false;
    return this.reached === "nothing" || idempotentMethods.has(this.request.method);
  }

  /** The header section of the answer has come. */
  succeed(answer: BackendAnswer): void {
    if (this.#isOver) return;
    this.#end();
    this.#answered.resolve(answer);
  }

  /** Takes a GatewayError, an error of the network, or one of the gateway's own. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#answered.reject(this.#reasonFor(error));
  }

  /** Its time is up, which ends this attempt and not its exchange. */
  timeIsUp(code: ErrorCode, detail: string): void {
    this.interrupt(new AttemptError(code, detail, this.reached));
  }

  /** It is broken off, also in the middle of the answer's content. */
  interrupt(reason: GatewayError): void {
    this.fail(reason);
    this.carrier?.drop(this, reason);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#countdown !== undefined) this.request.timeLimit.end(this.#countdown);
  }

  #reasonFor(error: Error): Error {
    // What the network reports has a code; anything else is a mistake of ours, and is told as one.
    if (error instanceof GatewayError || !("code" in error)) return error;
    const { cancellation } = this.request;
    // What failed may have failed because the client has left.
    cancellation.listenToClient();
    return cancellation.reason ?? backendError(error, this.reached);
  }
}
