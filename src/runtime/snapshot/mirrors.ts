import type { MirrorConfig } from "../../config/mirror-schema.ts";
import { Mirror, noCopies } from "../../proxy/mirror/mirror.ts";
import type { Timeout } from "../../time/timeout.ts";
import type { Attempt } from "../../transport/attempt.ts";
import type { Lease } from "../lifetimes.ts";
import type { SnapshotServices } from "./snapshot.ts";
import type { Upstreams } from "./upstreams.ts";

const NONE: readonly Mirror[] = [];

/** The mirrors of one configuration's routes. */
export class Mirrors {
  readonly #upstreams: Upstreams;
  readonly #services: SnapshotServices;
  readonly #lease: Lease;

  constructor(upstreams: Upstreams, services: SnapshotServices, lease: Lease) {
    this.#upstreams = upstreams;
    this.#services = services;
    this.#lease = lease;
  }

  /** The mirrors of a route. `timeout`: for answers to copies. Their counts outlive reloads. */
  of(mirrors: readonly MirrorConfig[], id: string, timeout: Timeout<Attempt>): readonly Mirror[] {
    if (mirrors.length === 0) return NONE;
    const keep = this.#lease.under("mirror", id);
    return mirrors.map(({ upstream: name, percent, max_body: maxBody }, at) => {
      const { keys, upstream } = this.#upstreams.named(name);
      const settings = {
        name,
        upstream,
        preserveHost: keys.preserve_host,
        share: percent,
        maxBody,
        timeout,
      };
      return new Mirror(settings, keep(`${at} ${name}`, noCopies), this.#services);
    });
  }
}
