/** Something that an operator has changed, or tried to. */
export interface AuditNote {
  readonly kind: "audit";
  /** Unix epoch milliseconds. */
  readonly at: number;
  /** "backends/drain" */
  readonly action: string;
  /** How they were let in: "token", "session", "local"; or "SIGHUP". */
  readonly by: string;
  /** The address at the other end of the socket; empty without one. */
  readonly peer: string;
  /** JSON, without secrets. */
  readonly details: string;
  readonly outcome: string;
}

/** A configuration that has come into force. */
export interface ConfigurationNote {
  readonly kind: "configuration";
  /** Unix epoch milliseconds. */
  readonly at: number;
  /** See `ConfigSource`. */
  readonly id: string;
  /** "start", "SIGHUP" */
  readonly cause: string;
  readonly by: string;
  /** Undefined if it is not from a file. */
  readonly file: string | undefined;
  /** Without secrets. */
  readonly text: string;
}

/** What is written to the log's database besides exchanges. */
export type Note = AuditNote | ConfigurationNote;
