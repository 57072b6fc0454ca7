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
  #meanwhile: ((reason: GatewayError) => void) | undefined;

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

  /**
   * What to do when it is broken off before the attempt has begun; a listener on the signal costs
   * more. The last one given counts, and one that comes too late is never called.
   */
  meanwhile(callback: (reason: GatewayError) => void): void {
    this.#meanwhile = callback;
  }

  /** The client has left. An object that listens by itself costs less than a function made for it. */
  handleEvent(): void {
    this.because(new GatewayError("client_closed", "the client left before the exchange was over"));
  }

  because(reason: GatewayError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller.abort();
    this.#meanwhile?.(reason);
  }
}

const ONCE = { once: true };
