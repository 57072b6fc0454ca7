import { GatewayError } from "./errors.ts";

/** The source of an exchange's cancellation by its client: the request. */
interface Client {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** Called once the exchange has been open for a while. */
  takesLong?(): void;
}

/** An operation in progress that can be cancelled. */
export interface Interruptible {
  interrupt(reason: GatewayError): void;
}

/**
 * The exchanges that the gateway may have to cancel, all for one reason. They join when they have been
 * open for a while: adding every exchange to a set would cost a sixth of a small request.
 */
export class OpenCancellations {
  readonly #members = new Set<Cancellation>();
  #reason: GatewayError | undefined;

  /** Cancels it at once if all have been cancelled. */
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

  /** For operations that only a signal can cancel; created on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Why it was cancelled; undefined until then. The first reason stays. */
  get reason(): GatewayError | undefined {
    return this.#reason;
  }

  /** Cancels when the client leaves or the gateway cuts it, or at once if that has happened already. */
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

  /** To be called when the exchange is over. */
  close(): void {
    if (this.#isListening) this.#open?.delete(this);
  }

  /**
   * The operation to cancel; a signal costs more. Only the last one set is cancelled; one set after the
   * cancellation never is.
   */
  interrupts(underWay: Interruptible): void {
    this.#underWay = underWay;
  }

  /** The client has left. An object as listener costs less than a closure. */
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
