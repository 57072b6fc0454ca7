import { GatewayError } from "../pipeline/errors.ts";

/** Who is waiting for what might be broken off: a request, for one. */
interface Client {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/** Something under way that can be made to end early. */
export interface Interruptible {
  interrupt(reason: GatewayError): void;
}

/** Ends an exchange early, and keeps the reason. */
export class Cancellation implements EventListenerObject {
  readonly #client: Client | undefined;
  #controller: AbortController | undefined;
  #reason: GatewayError | undefined;
  #underWay: Interruptible | undefined;

  constructor(client?: Client) {
    this.#client = client;
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

  /** Cancels when the client leaves, or at once when it has left. */
  listenToClient(): void {
    const signal = this.#client?.signal;
    if (signal?.aborted === true) this.handleEvent();
    else signal?.addEventListener("abort", this, ONCE);
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
