import type { Snapshot } from "../../../runtime/snapshot/snapshot.ts";
import type { Live } from "../../../telemetry/live/live.ts";
import type { Clock } from "../../../time/clock.ts";
import type { Gate } from "../gate.ts";
import type { Visitor } from "../visitor.ts";

/** What the API shows and changes. */
export interface ApiSubject {
  readonly clock: Clock;
  readonly version: string;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  readonly snapshot: () => Snapshot;
  readonly gate: Gate;
  readonly live: Live;
}

/** What all groups of endpoints need. */
export interface ApiServices extends ApiSubject {
  readonly visitorOf: (request: Request) => Visitor;
}
