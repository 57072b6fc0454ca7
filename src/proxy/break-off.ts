import { GatewayError } from "../pipeline/errors.ts";

/** The way to break an attempt off, and afterwards the reason why that was done. */
export class BreakOff implements EventListenerObject {
  readonly #controller = new AbortController();
  #reason: GatewayError | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why it was broken off; absent while it was not. The first reason stays. */
  get reason(): GatewayError | undefined {
    return this.#reason;
  }

  /** Breaks off when the client leaves, whose request has this signal. */
  listenTo(client: AbortSignal): void {
    if (client.aborted) this.handleEvent();
    else client.addEventListener("abort", this, ONCE);
  }

  /** The client has left. An object that listens by itself costs less than a function made for it. */
  handleEvent(): void {
    this.because(new GatewayError("client_closed", "the client left before the exchange was over"));
  }

  because(reason: GatewayError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller.abort();
  }
}

const ONCE = { once: true };
