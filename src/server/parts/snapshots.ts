import type { Config } from "../../config/schema.ts";
import {
  compileSnapshot,
  retireSnapshot,
  type Snapshot,
  type SnapshotServices,
} from "../../runtime/snapshot.ts";

/** Makes snapshots of configurations, at once or while requests are served, and ends them. */
export class Snapshots {
  readonly #services: SnapshotServices;

  constructor(services: SnapshotServices) {
    this.#services = services;
  }

  compile(config: Config): Snapshot {
    return compileSnapshot(config, this.#services);
  }

  /** Compiles a configuration while requests are served. */
  async compileInSlices(config: Config): Promise<Snapshot> {
    return compileSnapshot(config, this.#services);
  }

  /** Lets go of what a snapshot held, once another is in its place or it is not wanted after all. */
  async retire(snapshot: Snapshot): Promise<void> {
    retireSnapshot(snapshot);
  }
}
