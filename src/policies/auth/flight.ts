import type { Cancellation } from "../../pipeline/cancellation.ts";
import type { GatewayError } from "../../pipeline/errors.ts";

/** A question on its way whose answer several exchanges wait for. */
export class Flight<Result> {
  readonly #result: Promise<Result>;
  readonly #abandon: () => void;
  #waiting = 0;

  /** `abandon` is called when nobody waits any more before there is a result. */
  constructor(result: Promise<Result>, abandon: () => void) {
    this.#result = result;
    this.#abandon = abandon;
  }

  /** The result for one exchange. Rejects when that is cancelled. */
  join(cancellation: Cancellation): Promise<Result> {
    this.#waiting += 1;
    return new Promise((resolve, reject) => {
      let isWaiting = true;
      const leave = (reason: GatewayError) => {
        if (!isWaiting) return;
        isWaiting = false;
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#abandon();
        reject(reason);
      };
      cancellation.interrupts({ interrupt: leave });
      this.#result.then(
        (result) => {
          isWaiting = false;
          resolve(result);
        },
        (error: unknown) => {
          isWaiting = false;
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
      if (cancellation.reason !== undefined) leave(cancellation.reason);
    });
  }
}
