import type { Clock } from "../../../../time/clock.ts";
import type { Proof } from "../../provider.ts";

interface Entry {
  readonly proof: Proof;
  /** On the monotonic clock. */
  readonly until: number;
  readonly bytes: number;
}

/** Roughly what an entry takes besides its texts. */
const OVERHEAD = 512;

/** Who has been admitted, for a while. Bounded by number and by memory; the oldest give way. */
export class Admissions {
  readonly #clock: Clock;
  readonly #limits: { readonly forMs: number; readonly entries: number; readonly bytes: number };
  /** In the order in which they end. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(
    clock: Clock,
    limits: { readonly forMs: number; readonly entries: number; readonly bytes: number },
  ) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Proof | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#clock.monotonic() < entry.until) return entry.proof;
    this.#drop(key, entry);
    return undefined;
  }

  /** `asked` is when the question was: the answer may be older than it looks. */
  keep(key: string, proof: Proof, asked: number): void {
    const before = this.#entries.get(key);
    if (before !== undefined) this.#drop(key, before);
    const bytes = OVERHEAD + lengthOf(proof);
    const { forMs, entries, bytes: mostBytes } = this.#limits;
    this.#entries.set(key, { proof, until: asked + forMs, bytes });
    this.#bytes += bytes;
    const now = this.#clock.monotonic();
    for (const [oldest, entry] of this.#entries) {
      const isOver = now >= entry.until;
      if (!isOver && this.#entries.size <= entries && this.#bytes <= mostBytes) break;
      this.#drop(oldest, entry);
    }
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/** Twice, in a claim and in a field. */
function lengthOf({ subject, backendFields = [] }: Proof): number {
  return backendFields.reduce(
    (sum, [name, value]) => sum + 2 * (name.length + value.length),
    subject.length,
  );
}
