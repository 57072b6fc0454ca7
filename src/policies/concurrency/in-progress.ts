/** Counts by key. Keys without a request in progress are forgotten. */
export class InProgress {
  readonly #counts = new Map<string, number>();

  /** False if there are so many already. */
  begin(key: string, most: number): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= most) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  end(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }
}
