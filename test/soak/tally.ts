/** What the clients did, for comparison with the access log. Each request has a number in its query. */
export class Tally {
  /** The numbers of requests whose whole head was sent, however they ended. */
  readonly sent = new Set<number>();
  /** How they ended: a status, or what the client did. */
  readonly outcomes = new Map<string, number>();
  #numbers = 0;

  get exchanges(): number {
    return this.sent.size;
  }

  /** Gives a request its number, in its path. It counts once `sent` has the number. */
  number(path: string): { number: number; path: string } {
    this.#numbers += 1;
    const separator = path.includes("?") ? "&" : "?";
    return { number: this.#numbers, path: `${path}${separator}n=${this.#numbers}` };
  }

  add(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  get summary(): string {
    return [...this.outcomes].map(([outcome, count]) => `${outcome}: ${count}`).join(", ");
  }
}

/** The number in a row's query; undefined for a request that was not one of the tally's. */
export function numberIn(query: string | null): number | undefined {
  const number = /[?&]n=([0-9]+)$/.exec(query ?? "")?.[1];
  return number === undefined ? undefined : Number(number);
}
