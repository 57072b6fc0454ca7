/**
 * Draws indexes at random, each by its weight's share: Walker's alias method in Vose's form (1991). A
 * draw takes one random number and the same time however many weights there are.
 */
export class WeightedDraw {
  readonly #random: () => number;
  readonly #count: number;
  /** Column i holds index i up to this height of 0 to 1, and another index above it. */
  readonly #heights: Float64Array;
  readonly #others: Uint32Array;

  /** `random` is evenly spread over [0, 1). Weights are above 0. */
  constructor(weights: Float64Array, random: () => number) {
    const count = weights.length;
    this.#random = random;
    this.#count = count;
    this.#heights = new Float64Array(count).fill(1);
    this.#others = new Uint32Array(count);
    const average = weights.reduce((sum, weight) => sum + weight, 0) / count;
    const left = weights.map((weight) => weight / average);
    const small: number[] = [];
    const large: number[] = [];
    for (let index = 0; index < count; index += 1) {
      ((left[index] ?? 1) < 1 ? small : large).push(index);
    }
    while (small.length > 0 && large.length > 0) {
      const one = small.pop() ?? 0;
      const filler = large.at(-1) ?? 0;
      const height = left[one] ?? 1;
      this.#heights[one] = height;
      this.#others[one] = filler;
      const rest = (left[filler] ?? 1) - (1 - height);
      left[filler] = rest;
      if (rest < 1) small.push(large.pop() ?? 0);
    }
  }

  /** An index below the number of weights. There must be one. */
  draw(): number {
    const place = this.#random() * this.#count;
    const column = Math.floor(place);
    return place - column < (this.#heights[column] ?? 1) ? column : (this.#others[column] ?? 0);
  }

  /** An index other than the given one. There must be two. */
  drawOther(than: number): number {
    if (this.#count === 2) return 1 - than;
    for (let draws = 0; draws < MOST_DRAWS; draws += 1) {
      const drawn = this.draw();
      if (drawn !== than) return drawn;
    }
    // One weight outweighs all others together: of those, any will do.
    const step = 1 + Math.floor(this.#random() * (this.#count - 1));
    return (than + step) % this.#count;
  }
}

const MOST_DRAWS = 4;
