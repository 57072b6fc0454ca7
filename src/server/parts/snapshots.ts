import type { Config } from "../../config/schema.ts";
import { compileInSteps, compileSnapshot } from "../../runtime/snapshot/compile.ts";
import { retireInSteps } from "../../runtime/snapshot/retire.ts";
import type { Snapshot, SnapshotServices } from "../../runtime/snapshot/snapshot.ts";
import { runInSlices, type Slicing, type Steps } from "../../time/slices.ts";

/**
 * Maximum milliseconds for which compiling or retiring a snapshot blocks the event loop. An exchange
 * takes several turns of it, and waits for a slice at each.
 */
const SLICE_MS = 2;

/** Compiles configurations to snapshots, at once or while requests are served, and retires them. */
export class Snapshots {
  readonly #services: SnapshotServices;
  readonly #slicing: Slicing;

  constructor(services: SnapshotServices) {
    const { clock } = services;
    this.#services = services;
    this.#slicing = { clock, defer: setImmediate, slice: SLICE_MS };
  }

  /** `id`: names the configuration in rows. */
  compile(config: Config, id: string | undefined): Snapshot {
    return compileSnapshot(config, this.#services, id);
  }

  /** Rejects if a file that the configuration names cannot be read. */
  compileInSlices(config: Config, id: string | undefined): Promise<Snapshot> {
    return this.#run(compileInSteps(config, this.#services, id));
  }

  /** Retires a snapshot that has been replaced, or was never used. */
  retire(snapshot: Snapshot): Promise<void> {
    return this.#run(retireInSteps(snapshot));
  }

  /** Resolves when everything that retired snapshots have used alone has ended. */
  ended(): Promise<void> {
    return this.#services.lifetimes.ended();
  }

  #run<Result>(steps: Steps<Result>): Promise<Result> {
    return runInSlices(steps, this.#slicing);
  }
}
