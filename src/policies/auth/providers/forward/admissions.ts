import type { Clock } from "../../../../time/clock.ts";
import { ExpiringMap } from "../../../../time/expiring-map.ts";
import type { Proof } from "../../provider.ts";

interface AdmissionLimits {
  readonly forMs: number;
  readonly entries: number;
  readonly bytes: number;
}

/** Roughly what an admission takes besides its texts, in bytes. */
const OVERHEAD = 512;

/** Who has been admitted, for a while. Bounded by number and by memory; the oldest give way. */
export class Admissions {
  readonly #forMs: number;
  readonly #proofs: ExpiringMap<string, Proof>;

  constructor(clock: Clock, { forMs, entries: most, bytes: mostWeight }: AdmissionLimits) {
    this.#forMs = forMs;
    this.#proofs = new ExpiringMap(clock, { most, mostWeight });
  }

  get size(): number {
    return this.#proofs.size;
  }

  get(key: string): Proof | undefined {
    return this.#proofs.get(key);
  }

  /** `asked` is when the question was, on the monotonic clock: the answer may be older than it looks. */
  keep(key: string, proof: Proof, asked: number): void {
    this.#proofs.set(key, proof, asked + this.#forMs, OVERHEAD + lengthOf(proof));
  }
}

/** Twice, in a claim and in a field. */
function lengthOf({ subject, backendFields = [] }: Proof): number {
  return backendFields.reduce(
    (sum, [name, value]) => sum + 2 * (name.length + value.length),
    subject.length,
  );
}
