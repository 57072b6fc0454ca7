import { GatewayError } from "../pipeline/errors.ts";

/** Who is waiting for what might be broken off: a request, for one. */
interface Client {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Is told once that the exchange has been open for a while. */
  takesLong?(): void;
}

/** Something under way that can be made to end early. */
export interface Interruptible {
  interrupt(reason: GatewayError): void;
}

/**
 * The exchanges that the gateway may have to end by itself, all for one reason. They join when they
 * have been open for a while: a set that every exchange joined would cost a sixth of what a small
 * request takes.
 */
export class OpenCancellations {
  readonly #members = new Set<Cancellation>();
  #reason: GatewayError | undefined;

  /** Cancels it at once where all have been. */
  add(cancellation: Cancellation): void {
    if (this.#reason === undefined) this.#members.add(cancellation);
    else cancellation.cancel(this.#reason);
  }

  delete(cancellation: Cancellation): void {
    this.#members.delete(cancellation);
  }

  /** Cancels all, and those that join later too. */
  cancelAll(reason: GatewayError): void {
    this.#reason = reason;
    for (const cancellation of this.#members) cancellation.cancel(reason);
    this.#members.clear();
  }
}

/** Ends an exchange early, and keeps the reason. */
export class Cancellation implements EventListenerObject {
  readonly #client: Client | undefined;
  #controller: AbortController | undefined;
  #reason: GatewayError | undefined;
  #underWay: Interruptible | undefined;
  readonly #open: OpenCancellations | undefined;
  #isListening = false;

  constructor(client?: Client, open?: OpenCancellations) {
    this.#client = client;
    this.#open = open;
  }

  /** For what knows no other way to be ended; made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Why it was cancelled; undefined while it was not. The first reason stays. */
  get reason(): GatewayError | undefined {
    return this.#reason;
  }

  /** Cancels when the client leaves or the gateway cuts it, or at once when that has happened. */
  listenToClient(): void {
    if (!this.#isListening) {
      this.#isListening = true;
      // First: a client whose connection the gateway has closed has not left.
      this.#open?.add(this);
      this.#client?.takesLong?.();
    }
    const signal = this.#client?.signal;
    if (signal?.aborted === true) this.handleEvent();
    else signal?.addEventListener("abort", this, ONCE);
  }

  /** The exchange is over: there is nothing left to cancel. */
  close(): void {
    if (this.#isListening) this.#open?.delete(this);
  }

  /**
   * What ends when it is cancelled; a signal costs more. Only the last one given is told, and one
   * that is given after the cancelling never is.
   */
  interrupts(underWay: Interruptible): void {
    this.#underWay = underWay;
  }

  /** The client has left. An object that listens by itself costs less than a function made for it. */
  handleEvent(): void {
    this.cancel(new GatewayError("client_closed", "the client left before the exchange was over"));
  }

  cancel(reason: GatewayError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort();
    this.#underWay?.interrupt(reason);
  }
}

const ONCE = { once: true };
