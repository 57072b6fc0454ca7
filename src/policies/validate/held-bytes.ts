import type { Exchange } from "../../pipeline/exchange.ts";

/**
 * Bytes of content that all routes hold at a time because they validate it: until an exchange has its
 * answer or is over, as nobody else bounds what waits for a slow backend.
 */
export class HeldBytes {
  readonly #most: number;
  readonly #byExchange = new Map<Exchange, number>();
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many there are now. */
  get held(): number {
    return this.#held;
  }

  /** False, and nothing is taken, if there is no room. */
  take(exchange: Exchange, bytes: number): boolean {
    if (this.#held + bytes > this.#most) return false;
    this.#held += bytes;
    const before = this.#byExchange.get(exchange);
    this.#byExchange.set(exchange, bytes + (before ?? 0));
    if (before === undefined) exchange.whenOver(() => this.giveBack(exchange));
    return true;
  }

  /** Everything that the exchange has taken. */
  giveBack(exchange: Exchange): void {
    this.#held -= this.#byExchange.get(exchange) ?? 0;
    this.#byExchange.delete(exchange);
  }
}
