/** How many things may go on at a time; others wait their turn, up to a number. */
export class Slots {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Takes a place: undefined if there is one, false if too many wait already or the signal has said so,
   * otherwise a promise that resolves when there is one, and rejects when the signal says so.
   */
  take(signal: AbortSignal): undefined | false | Promise<void> {
    if (this.#taken < this.#most) {
      this.#taken += 1;
      return undefined;
    }
    if (signal.aborted || this.#waiting.size >= this.#mostWaiting) return false;
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(proceed);
        reject(new Error("no longer waiting"));
      };
      const proceed = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      this.#waiting.add(proceed);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Gives a place back, or on to who has waited for longest. */
  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
