import type { Backend } from "../backend.ts";
import { describeFailure, FailureTest } from "../failures.ts";
import type { AttemptObserver } from "../observer.ts";
import type { Outcome } from "../outcome.ts";
import type { EjectionConfig } from "./schema.ts";

/** The backends that are ejected from; in the order of the upstream. */
interface Pool {
  readonly backends: readonly Backend[];
}

/** Ejects backends of an upstream at which requests fail one after another. */
export class Ejector implements AttemptObserver {
  readonly #settings: EjectionConfig;
  readonly #pool: Pool;
  readonly #test: FailureTest;

  constructor(settings: EjectionConfig, pool: Pool) {
    this.#settings = settings;
    this.#pool = pool;
    this.#test = new FailureTest(settings.on);
  }

  attempted(backend: Backend, outcome: Outcome): void {
    const { ejection } = backend;
    // Those that were on their way to an ejected backend say nothing new.
    if (ejection === undefined || ejection.isEjected) return;
    const verdict = this.#test.judge(outcome);
    if (verdict === "success") ejection.failures = 0;
    if (verdict !== "failure") return;
    ejection.failures += 1;
    if (ejection.failures < this.#settings.failures || !this.#mayEject(backend)) return;
    const last = describeFailure(outcome);
    ejection.begin(
      ejection.failures === 1
        ? `a request failed (${last})`
        : `the last ${ejection.failures} requests failed (the last one: ${last})`,
    );
  }

  /**
   * As Envoy does, at least one backend may be ejected from a pool of two or more, whatever the
   * percentage; but one that gets requests must stay.
   */
  #mayEject(candidate: Backend): boolean {
    if (!candidate.health.healthy) return false;
    const { backends } = this.#pool;
    let ejected = 0;
    let staying = 0;
    for (const { health, ejection } of backends) {
      if (ejection?.isEjected === true) ejected += 1;
      else if (health.healthy) staying += 1;
    }
    // 100 × 29 % is a little less than 29.
    const share = backends.length * this.#settings.max_ejected + 1e-9;
    const most = Math.max(1, Math.floor(share));
    return ejected < most && staying > 1;
  }
}
