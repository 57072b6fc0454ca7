import type { Fault } from "./faults.ts";

/** What is to be found out about a request's content. */
export interface ContentJudge {
  /** What is wrong with content that is all there. Throws a TooCostly. */
  faults(content: Uint8Array): Fault[];
}

/** What a route expects of a request's content, by its Content-Type. */
export interface Expected {
  /** Whether there must be some. */
  readonly isRequired: boolean;
  /** The types that are taken; empty if any is. */
  readonly types: readonly string[];
  /**
   * For content of a type; `any` if its content is not read, undefined if the type is not taken.
   */
  judgeFor(contentType: string | null): ContentJudge | "any" | undefined;
}
