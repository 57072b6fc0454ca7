import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import type { Checkable } from "../../pipeline/section.ts";
import type { Clock } from "../../time/clock.ts";
import type { Logger } from "../logger.ts";
import type { Note } from "../notes/note.ts";
import type { ExchangeRecord } from "../record.ts";
import type { OtlpServices } from "../otlp/exporter.ts";
import type { SinkCounts } from "./counts.ts";

/** Where records go. */
export interface Sink {
  /** Never waits and never throws. Records without room are dropped and counted. */
  write(record: ExchangeRecord): void;
  /** Takes what is kept besides records, if it keeps such things. Never waits and never throws. */
  note?(note: Note): void;
  counts(): SinkCounts;
  /**
   * Writes what is queued; later records are dropped. Resolves after at most `deadlineMs` milliseconds,
   * and counts what is not written by then as dropped. Never rejects. A second call can bring the
   * deadline forward.
   */
  close(deadlineMs: number): Promise<void>;
}

/** The parts of the section `logging` that sinks use. */
export interface LoggingSettings {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "text" | "json";
  /** Path of the SQLite file. */
  readonly database: string;
  /** Milliseconds that a row is kept, and bytes of the database; 0 sets no limit. */
  readonly retention: {
    readonly max_age: number;
    readonly rollups: number;
    readonly max_size: number;
  };
}

/** What sinks depend on. */
export interface SinkServices {
  readonly logger: Logger;
  readonly clock: Clock;
  /** For sinks that send records to others. */
  readonly otlp: Pick<OtlpServices, "random" | "fetch" | "version" | "instance">;
}

/** A kind of sink in the registry. */
export interface SinkKind {
  readonly name: string;
  /** The schema of the key `name` in `logging`, for a sink that only that key turns on. */
  readonly schema?: TSchema;
  /** Finds what is wrong in well-formed settings of that key. */
  readonly check?: (written: object) => ConfigIssue[];
  /** Example settings of such a sink; the tests use them, with a folder to write in. */
  readonly example?: (folder: string) => unknown;
  /** Must not fail: a sink that cannot write reports that and keeps trying. */
  open(settings: LoggingSettings, services: SinkServices): Sink | undefined;
  /** Whether a sink that was opened with `before` can be kept for `next`. */
  staysFor(before: LoggingSettings, next: LoggingSettings): boolean;
}

/** A sink that a key in `logging` turns on. */
export function defineSink<Schema extends TSchema>(definition: {
  readonly name: string;
  readonly schema: Schema;
  readonly example: (folder: string) => unknown;
  check?(this: void, written: Checkable<StaticDecode<Schema>>): ConfigIssue[];
  open(settings: StaticDecode<Schema>, services: SinkServices): Sink;
}): SinkKind {
  const { name, schema, example, check } = definition;
  const own = (settings: LoggingSettings) =>
    Reflect.get(settings, name) as StaticDecode<Schema> | undefined;
  return {
    name,
    schema,
    example,
    ...(check !== undefined && {
      check: (written: object) => check(written as Checkable<StaticDecode<Schema>>),
    }),
    open(settings, services) {
      const written = own(settings);
      return written === undefined ? undefined : definition.open(written, services);
    },
    staysFor: (before, next) => Bun.deepEquals(own(before), own(next)),
  };
}
