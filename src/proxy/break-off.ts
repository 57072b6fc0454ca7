import type { GatewayError } from "../pipeline/errors.ts";

/** The way to break an attempt off, and afterwards the reason why that was done. */
export class BreakOff {
  readonly #controller = new AbortController();
  #reason: GatewayError | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why it was broken off; absent while it was not. The first reason stays. */
  get reason(): GatewayError | undefined {
    return this.#reason;
  }

  because(reason: GatewayError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller.abort();
  }
}
