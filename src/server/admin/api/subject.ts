import type { Config } from "../../../config/schema.ts";
import type { Snapshot } from "../../../runtime/snapshot/snapshot.ts";
import type { Live } from "../../../telemetry/live/live.ts";
import type { Note } from "../../../telemetry/notes/note.ts";
import type { Queries } from "../../../telemetry/query/queries.ts";
import type { Clock } from "../../../time/clock.ts";
import type { LogLevel } from "../../../units/log-level.ts";
import type { KnownCertificate } from "../../listener/tls/certificate-store.ts";
import type { Configurations } from "../../parts/configurations.ts";
import type { LogLevelSwitch } from "../../parts/log-level.ts";
import type { Reloading } from "../../parts/reloading.ts";
import type { Gate } from "../gate.ts";
import type { Visitor } from "../visitor.ts";

/** What the API shows and changes. */
export interface ApiSubject {
  readonly clock: Clock;
  readonly version: string;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  /** The port that clients talk to. */
  readonly mainPort: () => number;
  readonly snapshot: () => Snapshot;
  /** The one in force. */
  readonly configuration: () => Config;
  readonly gate: Gate;
  readonly live: Live;
  /** Queries of the log, answered by a thread of their own. */
  readonly queries: () => Queries;
  /** Has something written next to the log. */
  readonly note: (note: Note) => void;
  readonly operations: Operations;
  readonly certificates: () => readonly KnownCertificate[];
}

/** What operators change of a running gateway. */
export interface Operations {
  readonly logLevel: LogLevelSwitch;
  /** The level by the configuration. */
  readonly configuredLevel: () => LogLevel;
  readonly reloading: Pick<Reloading, "reload" | "rollBack" | "inspect">;
  readonly configurations: Pick<Configurations, "file" | "inForce">;
}

/** What all groups of endpoints need. */
export interface ApiServices extends ApiSubject {
  /** Called with each change, for the log. */
  readonly onChange: (message: string) => void;
  readonly visitorOf: (request: Request) => Visitor;
}
