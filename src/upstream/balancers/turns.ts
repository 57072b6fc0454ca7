/**
 * Smooth weighted round robin in its plain form: of those that take part in a turn, each earns its
 * weight, the richest gets the turn and pays what all have earned. A turn costs O(n), and every time
 * others may take part.
 */
export class Turns {
  readonly #weights: Float64Array;
  readonly #credits: Float64Array;

  constructor(weights: Float64Array) {
    this.#weights = weights;
    this.#credits = new Float64Array(weights.length);
  }

  /** Whose turn it is of the first `count` of these indexes. There must be one. */
  next(indexes: Uint32Array, count: number): number {
    let picked = indexes[0] ?? 0;
    // Alone, it would earn what it pays.
    if (count === 1) return picked;
    let most = -Infinity;
    let earned = 0;
    for (let at = 0; at < count; at += 1) {
      const index = indexes[at] ?? 0;
      const weight = this.#weights[index] ?? 1;
      const credit = (this.#credits[index] ?? 0) + weight;
      this.#credits[index] = credit;
      earned += weight;
      if (credit > most) {
        most = credit;
        picked = index;
      }
    }
    this.#credits[picked] = most - earned;
    return picked;
  }
}
