import type { End, Keep, Keeper } from "../pipeline/keeping.ts";
import type { Steps } from "../time/slices.ts";

interface Entry {
  readonly thing: unknown;
  readonly end: () => void | Promise<void>;
  holders: number;
}

/**
 * State that outlives a snapshot: upstreams, buckets and the like, by keys that contain everything they
 * depend on. A snapshot holds its state by a lease, and its successor takes one before the
 * predecessor's ends. So state that both use continues, and state that neither uses is closed.
 */
export class Lifetimes implements Keeper {
  readonly #entries = new Map<string, Entry>();
  readonly #ending = new Set<Promise<void>>();

  /** How many values are held. */
  get size(): number {
    return this.#entries.size;
  }

  /** A key must always stand for the same type. */
  acquire<Thing>(key: string, make: () => Thing, end?: End<Thing>): Thing {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const thing = make();
      entry = { thing, end: () => end?.(thing), holders: 0 };
      this.#entries.set(key, entry);
    }
    entry.holders += 1;
    return entry.thing as Thing;
  }

  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    this.#entries.delete(key);
    const ending = entry.end();
    if (ending instanceof Promise) void this.#follow(ending);
  }

  /** Resolves when all that takes time to end has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending);
  }

  lease(): Lease {
    return new Lease(this);
  }

  async #follow(ending: Promise<void>): Promise<void> {
    this.#ending.add(ending);
    await ending;
    this.#ending.delete(ending);
  }
}

/** Everything that one snapshot holds. */
export class Lease {
  readonly #keeper: Keeper;
  readonly #keys: string[] = [];

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  /** Holds a value until the lease ends. */
  readonly keep: Keep = (key, make, end) => {
    const thing = this.#keeper.acquire(key, make, end);
    this.#keys.push(key);
    return thing;
  };

  /** Keeps values under keys that begin with `scope`, so that they cannot collide with others. */
  under(...scope: readonly string[]): Keep {
    const prefix = `${JSON.stringify(scope)} `;
    return (key, make, end) => this.keep(prefix + key, make, end);
  }

  /** Releases everything, one value per step. To be called when the successor has its lease. */
  *endInSteps(): Steps<void> {
    for (const key of this.#keys.splice(0)) {
      this.#keeper.release(key);
      yield undefined;
    }
  }
}
