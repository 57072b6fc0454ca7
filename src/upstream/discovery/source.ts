import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { Clock } from "../../time/clock.ts";
import type { BackendConfig } from "../backend-schema.ts";
import type { Log } from "../../units/log-level.ts";

/** Where an upstream's backends come from. */
export interface DiscoverySource {
  /**
   * Begins to report: all the backends there are, at once or as soon as they are known, and all of
   * them again whenever something has changed. A source that cannot find out reports nothing, and
   * the backends it reported before stay. Called once.
   */
  open(report: (backends: readonly BackendConfig[]) => void): void;
  /** Ends all timers, watches and connections of the source. It must report nothing afterwards. */
  close(): void;
}

/** What a discovery source may use. */
export interface DiscoveryServices {
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
  /** Writes a line to the operator's log. */
  readonly log: Log;
}

/** A kind of discovery source: its key, its settings and its behaviour, together. */
export interface DiscoveryDefinition<Settings = unknown> {
  /** As in `discover: { dns: … }`. */
  readonly key: string;
  readonly schema: TSchema;
  /** Example settings; the tests use them. */
  readonly example: unknown;
  /** Makes the source of one upstream. It outlives reloads that do not change the upstream. */
  create(settings: Settings, services: DiscoveryServices): DiscoverySource;
}

/** Checks a definition's `create` against its schema. */
export function defineSource<Schema extends TSchema>(
  definition: DiscoveryDefinition<StaticDecode<Schema>> & { readonly schema: Schema },
): DiscoveryDefinition {
  return definition;
}
