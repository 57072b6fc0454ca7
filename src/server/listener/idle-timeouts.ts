import type { Timeout } from "../../time/timeout.ts";
import type { Expiring, SessionLimits } from "./services.ts";

/** The timeouts by which connections without a request wait: those of current limits and of earlier ones. */
export class IdleTimeouts {
  #timeouts: readonly Timeout<Expiring>[] = [];

  /** Other limits apply from now on; some connections still wait by the earlier ones. */
  use({ opening, keepAlive }: SessionLimits): void {
    const earlier = this.#timeouts.filter(({ isEmpty }) => !isEmpty);
    this.#timeouts = [...earlier, opening, keepAlive];
  }

  /** Since when the connection has been idle that has been so for longest; undefined if none is idle. */
  get oldest(): number | undefined {
    return this.#withOldest?.firstBegan;
  }

  /** The time of that connection is up. */
  expireOldest(): void {
    this.#withOldest?.expireFirst();
  }

  get #withOldest(): Timeout<Expiring> | undefined {
    let found: Timeout<Expiring> | undefined;
    for (const timeout of this.#timeouts) {
      if ((timeout.firstBegan ?? Infinity) < (found?.firstBegan ?? Infinity)) found = timeout;
    }
    return found;
  }
}
