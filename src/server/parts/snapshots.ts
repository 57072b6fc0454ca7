import type { Config } from "../../config/schema.ts";
import { compileInSteps, compileSnapshot } from "../../runtime/snapshot/compile.ts";
import { retireInSteps } from "../../runtime/snapshot/retire.ts";
import type { Snapshot, SnapshotServices } from "../../runtime/snapshot/snapshot.ts";
import { runInSlices, type Slicing, type Steps } from "../../time/slices.ts";

/**
 * Milliseconds for which the making or ending of a snapshot holds up the event loop. An exchange goes
 * through several turns of it, and waits for a slice at each.
 */
const SLICE_MS = 2;

/** Makes snapshots of configurations, at once or while requests are served, and ends them. */
export class Snapshots {
  readonly #services: SnapshotServices;
  readonly #slicing: Slicing;

  constructor(services: SnapshotServices) {
    const { clock } = services;
    this.#services = services;
    this.#slicing = { clock, defer: setImmediate, slice: SLICE_MS };
  }

  compile(config: Config): Snapshot {
    return compileSnapshot(config, this.#services);
  }

  /** Rejects where a file that the configuration names cannot be read. */
  compileInSlices(config: Config): Promise<Snapshot> {
    return this.#run(compileInSteps(config, this.#services));
  }

  /** Ends a snapshot that is no longer in force, or is not wanted after all. */
  retire(snapshot: Snapshot): Promise<void> {
    return this.#run(retireInSteps(snapshot));
  }

  #run<Result>(steps: Steps<Result>): Promise<Result> {
    return runInSlices(steps, this.#slicing);
  }
}
