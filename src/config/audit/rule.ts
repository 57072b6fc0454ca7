import type { ScalarNode } from "../../documents/text/node.ts";
import type { Config } from "../schema.ts";

/** How much harm can come of it: by itself; with one more mistake or a chance; hardly. */
export type Severity = "high" | "medium" | "low";

export const SEVERITIES: readonly Severity[] = ["high", "medium", "low"];

export type Path = readonly (string | number)[];

/** Something risky in a configuration. */
export interface Finding {
  /** Keys and indexes from the top to the culprit. */
  readonly path: Path;
  /** What is risky, and why. */
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
  /** If it differs from the rule's. */
  readonly severity?: Severity;
}

/** A valid configuration, as rules look at it. */
export interface Audited {
  readonly config: Config;
  /** The file's name. */
  readonly file: string;
  /** Every text and number that is written, with its place. */
  readonly scalars: readonly { readonly path: Path; readonly node: ScalarNode }[];
  /** The permission bits of a file or folder; undefined if there is none. */
  readonly modeOf: (file: string) => number | undefined;
}

/** A kind of risk. */
export interface Rule {
  /** For `--ignore` and reports: "admin-in-the-clear". */
  readonly name: string;
  readonly severity: Severity;
  /** What it finds, for the list of rules. */
  readonly finds: string;
  find(this: void, audited: Audited): readonly Finding[];
}
