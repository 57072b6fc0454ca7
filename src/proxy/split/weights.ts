/** What is known of one choice of a split. */
export interface SplitShare {
  /** The upstream's name. */
  readonly name: string;
  /** Its share of the requests that nothing else decides, relative to the others; 0 for none. */
  weight: number;
  /** As in the configuration. */
  readonly configured: number;
  /** Requests that it got. */
  requests: number;
}

/** The weights of a split. Operators change them while the gateway runs; a reload keeps them. */
export class SplitWeights {
  readonly shares: readonly SplitShare[];
  #total = 0;

  constructor(choices: readonly { readonly upstream: string; readonly weight: number }[]) {
    this.shares = choices.map(({ upstream, weight }) => ({
      name: upstream,
      weight,
      configured: weight,
      requests: 0,
    }));
    this.#sum();
  }

  /** Changes the weights of these upstreams. Returns why it cannot; undefined if it has. */
  change(weights: Readonly<Record<string, number>>): string | undefined {
    const unknown = Object.keys(weights).find(
      (name) => !this.shares.some((share) => share.name === name),
    );
    if (unknown !== undefined) {
      return `${unknown} is not an upstream of this split, which has ${this.shares.map(({ name }) => name).join(", ")}`;
    }
    const changed = this.shares.map(({ name, weight }) =>
      Object.hasOwn(weights, name) ? (weights[name] ?? weight) : weight,
    );
    if (changed.every((weight) => weight === 0)) return "at least one weight must be above 0";
    for (const [at, share] of this.shares.entries()) share.weight = changed[at] ?? 0;
    this.#sum();
    return undefined;
  }

  /** The index of a choice by its weight; `random` is from 0 to below 1. */
  choose(random: number): number {
    let ticket = random * this.#total;
    for (let at = 0; at < this.shares.length; at += 1) {
      ticket -= this.shares[at]?.weight ?? 0;
      if (ticket < 0) return at;
    }
    return 0;
  }

  #sum(): void {
    this.#total = this.shares.reduce((sum, { weight }) => sum + weight, 0);
  }
}
