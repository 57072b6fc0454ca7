import { idempotentMethods } from "../http/methods.ts";
import type { Field } from "../http/field.ts";
import type { AttemptOutcome } from "../pipeline/attempt-outcome.ts";
import type { ClientConnection, ClientRequest } from "../pipeline/client-request.ts";
import type { ContentReader } from "../pipeline/content.ts";
import { type ErrorCode, GatewayError } from "../pipeline/errors.ts";
import type { AttemptRecord } from "../pipeline/exchange.ts";
import type { PendingTimeout, Timeout } from "../time/timeout.ts";
import { AttemptError, type Reached } from "./attempt-error.ts";
import type { BackendAnswer } from "./backend-answer.ts";
import { backendError } from "./backend-error.ts";
import type { Cancellation, Interruptible } from "../pipeline/cancellation.ts";
import type { Destination } from "../upstream/destination.ts";
import type { Outcome } from "../upstream/outcome.ts";

/** Content on its way to a backend: in one piece, piece by piece, or none. */
export type RequestContent = Uint8Array | ContentReader | null;

/** A request for a backend. */
export interface BackendRequest {
  /** The backend's URL in the configuration. */
  readonly backend: string;
  readonly to: Destination;
  readonly method: string;
  /** Path and query, beginning with "/". */
  readonly target: string;
  /** Names in lower case, each followed by its value. Content of unknown length is chunked. */
  readonly fields: readonly string[];
  /** The protocols that the backend may upgrade the connection to, as a list; undefined for none. */
  readonly upgrade: string | undefined;
  readonly body: RequestContent;
  /** Settles when a body that arrives piece by piece has ended; absent for others. */
  readonly bodySent: Promise<void> | undefined;
  /** From the end of the request's content until the backend's header section must have arrived. */
  readonly timeout: Timeout<Attempt>;
  /** The exchange's: its cancellation ends the attempt, but not the other way round. */
  readonly cancellation: Cancellation;
  readonly from: Asker;
  /** The id of the attempt's span, which its fields name; undefined if it is not traced. */
  readonly spanId?: string | undefined;
}

/** The client, as far as attempts concern it. */
export interface Asker {
  /**
   * The client's connection; undefined if it may carry requests of many clients. Only read if a
   * connection is reserved for one client.
   */
  readonly clientConnection: ClientConnection | undefined;
  /** Gets the backend's interim answers. */
  readonly request?: Pick<ClientRequest, "interim">;
}

/** Sends an attempt's request to its backend, and reports the answer or the failure to the attempt. */
export type Transport = (attempt: Attempt) => void;

/** The current carrier of an attempt. */
export interface Carrier {
  /** The attempt has been cancelled; nothing more of it must be sent or received. */
  drop(attempt: Attempt, reason: GatewayError): void;
}

/** Sends one request to one backend once, and waits for the answer. */
export class Attempt implements Interruptible, AttemptRecord {
  readonly request: BackendRequest;
  readonly startedAt: number;
  endedAt = 0;
  failure: Error | undefined = undefined;
  outcome: AttemptOutcome = "";
  status = 0;
  /** Ended once, with how it ended: what the circuit breaker of its backend waits for, if there is one. */
  trial: { ended(outcome: Outcome | undefined): void } | undefined = undefined;
  carrier: Carrier | undefined = undefined;
  /** How far the request has come; also valid after a cancellation. */
  reached: Reached = "nothing";
  /** Whether streamed content has been read from, so that it cannot be sent a second time. */
  isStreamTouched = false;
  readonly #answered = Promise.withResolvers<BackendAnswer>();
  #pendingTimeout: PendingTimeout | undefined;
  /** Whether it has been answered or has failed. */
  #isOver = false;

  /** `startedAt` is monotonic, in milliseconds. */
  constructor(request: BackendRequest, startedAt: number) {
    this.request = request;
    this.startedAt = startedAt;
  }

  get backend(): string {
    return this.request.backend;
  }

  get target(): string {
    return this.request.target;
  }

  get spanId(): string | undefined {
    return this.request.spanId;
  }

  /**
   * Sends the request and waits for the header section of the answer. Rejects with an AttemptError if
   * the backend failed, otherwise with the GatewayError of its cancellation.
   */
  sendBy(transport: Transport): Promise<BackendAnswer> {
    const { bodySent, cancellation, timeout } = this.request;
    // Until the request's content is sent, the attempt waits for the client.
    this.#pendingTimeout =
      bodySent === undefined ? timeout.begin(this) : timeout.beginAfter(bodySent, this);
    // From here on a rejection is handled.
    cancellation.interrupts(this);
    try {
      transport(this);
    } catch (error) {
      // In one place with all other failures: a promise that is not awaited could be rejected later.
      this.fail(error as Error);
    }
    return this.#answered.promise;
  }

  /**
   * Whether it may be sent once more, on another connection. A request that a backend may have acted on
   * is sent again only if it is idempotent (RFC 9110 section 9.2.2).
   */
  get isRepeatable(): boolean {
    if (this.#isOver || this.isStreamTouched) return false;
    return this.reached === "nothing" || idempotentMethods.has(this.request.method);
  }

  /**
   * An interim answer has arrived, without fields for one hop. It is passed on, except for 100: the
   * gateway has its own understanding with the client of when its content is wanted.
   */
  interim(status: number, fields: readonly Field[]): void {
    if (this.#isOver || status === 100) return;
    this.request.from.request?.interim(status, fields.filter(isNotFraming));
  }

  /**
   * Takes streamed content back to its first byte, so that it can be sent once more. False if what has
   * been read of it is not there any more.
   */
  rewind(): boolean {
    const { body } = this.request;
    if (!this.isStreamTouched) return true;
    if (body === null || body instanceof Uint8Array || body.rewind?.() !== true) return false;
    this.isStreamTouched = false;
    return true;
  }

  /** The header section of the answer has arrived. */
  succeed(answer: BackendAnswer): void {
    if (this.#isOver) return;
    this.#end();
    this.#answered.resolve(answer);
  }

  /** Accepts a GatewayError, a network error, or any other error of the gateway. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#answered.reject(this.#reasonFor(error));
  }

  /** Its time is up; this ends the attempt, not its exchange. */
  timeIsUp(code: ErrorCode, detail: string): void {
    this.interrupt(new AttemptError(code, detail, this.reached));
  }

  /** Cancels it, also in the middle of the answer's content. */
  interrupt(reason: GatewayError): void {
    this.fail(reason);
    this.carrier?.drop(this, reason);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#pendingTimeout !== undefined) this.request.timeout.end(this.#pendingTimeout);
  }

  #reasonFor(error: Error): Error {
    // Network errors have a code; anything else is a bug, and is reported as one.
    if (error instanceof GatewayError || !("code" in error)) return error;
    const { cancellation } = this.request;
    return cancellation.reason ?? backendError(error, this.reached);
  }
}

/** An interim answer has no content, so a length would be its receiver's trap. */
function isNotFraming({ name }: Field): boolean {
  return name !== "content-length";
}
