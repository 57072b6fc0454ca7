import type { GatewayError } from "./errors.ts";

/** An operation in progress that can be cancelled. */
export interface Interruptible {
  interrupt(reason: GatewayError): void;
}

/** Ends an exchange early, and keeps the reason. */
export class Cancellation {
  readonly #owner: Interruptible | undefined;
  #controller: AbortController | undefined;
  #reason: GatewayError | undefined;
  #underWay: Interruptible | undefined;
  /**
   * Asked when the client leaves: true lets the exchange go on, because others wait for its answer, and
   * whoever said so cancels it when they do not any more.
   */
  outlives: ((reason: GatewayError) => boolean) | undefined = undefined;

  /** `owner`: the request's own connection, interrupted last. */
  constructor(owner?: Interruptible) {
    this.#owner = owner;
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

  /**
   * The operation to cancel; a signal costs more. Only the last one set is cancelled; one set after the
   * cancellation never is.
   */
  interrupts(underWay: Interruptible): void {
    this.#underWay = underWay;
  }

  cancel(reason: GatewayError): void {
    if (this.#reason !== undefined) return;
    if (reason.code === "client_closed" && this.outlives?.(reason) === true) return;
    this.#reason = reason;
    this.#controller?.abort();
    this.#underWay?.interrupt(reason);
    this.#owner?.interrupt(reason);
  }
}
