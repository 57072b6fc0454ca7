/** A remark on a line of a configuration. Lines and columns count from 1. */
export interface ConfigRemark {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** Something risky in a configuration. */
export interface ConfigFinding {
  readonly severity: string;
  readonly rule: string;
  readonly title: string;
  readonly remedy: string;
  readonly line: number;
}

/** What is kept of the text that a configuration was read from. */
export interface ConfigSource {
  /** A hash of the text without secrets, by which rows and people name it: 12 hexadecimal digits. */
  readonly id: string;
  /** A hash of the text itself, to see whether it has changed; never stored. */
  readonly digest: string;
  /** Without secrets. */
  readonly text: string;
  readonly findings: readonly ConfigFinding[];
  readonly remarks: readonly ConfigRemark[];
}
