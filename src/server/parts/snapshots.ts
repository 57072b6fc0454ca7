import type { Config } from "../../config/schema.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import {
  compileSnapshot,
  retireSnapshot,
  type Snapshot,
  type SnapshotServices,
} from "../../runtime/snapshot.ts";

/** Makes snapshots of configurations, and puts one in the place of another. */
export class Snapshots {
  readonly #services: SnapshotServices;

  constructor(services: SnapshotServices) {
    this.#services = services;
  }

  compile(config: Config): Snapshot {
    return compileSnapshot(config, this.#services);
  }

  /** Compiles a configuration while requests are served, and puts it in force. */
  async replace(gateway: Gateway, config: Config): Promise<void> {
    const before = gateway.snapshot;
    gateway.swap(this.compile(config));
    retireSnapshot(before, this.#services.monitor);
  }
}
