import { GatewayError } from "../pipeline/errors.ts";

/** Who is waiting for what might be broken off: a request, for one. */
interface Client {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/** The way to break an attempt off, and afterwards the reason why that was done. */
export class BreakOff implements EventListenerObject {
  readonly #controller = new AbortController();
  readonly #client: Client | undefined;
  #reason: GatewayError | undefined;

  constructor(client?: Client) {
    this.#client = client;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why it was broken off; absent while it was not. The first reason stays. */
  get reason(): GatewayError | undefined {
    return this.#reason;
  }

  /** Breaks off when the client leaves, or at once when it has left. */
  listenToClient(): void {
    const signal = this.#client?.signal;
    if (signal?.aborted === true) this.handleEvent();
    else signal?.addEventListener("abort", this, ONCE);
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
