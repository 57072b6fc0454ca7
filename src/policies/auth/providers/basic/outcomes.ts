/** What came of verifying credentials, for a while and within a bound of memory; the oldest go first. */
export class Outcomes<Outcome> {
  readonly #most: number;
  readonly #known = new Map<string, { readonly outcome: Outcome; readonly until: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** `now` is monotonic, in milliseconds. */
  get(digest: string, now: number): Outcome | undefined {
    const known = this.#known.get(digest);
    return known !== undefined && known.until > now ? known.outcome : undefined;
  }

  set(digest: string, outcome: Outcome, until: number): void {
    this.#known.delete(digest);
    this.#known.set(digest, { outcome, until });
    if (this.#known.size <= this.#most) return;
    const [oldest = ""] = this.#known.keys();
    this.#known.delete(oldest);
  }
}
