import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import type { Checkable, IsWhole } from "../../pipeline/section.ts";

/** The parts of a request that determine its route, except its method. */
export type RoutedRequest = Pick<Exchange, "target" | "client" | "request" | "fields">;

/** A condition of a route, compiled. */
export interface Condition {
  /** The condition as a clause for operators, like "the scheme is https". */
  readonly text: string;
  /**
   * Conditions with the same key accept the same requests: that is how conflicts between routes are
   * found. The text if absent, so it is only needed where that leaves something out.
   */
  readonly key?: string;
  /** Routes of one path are tried from the greatest sum of weights to the least; usually 1. */
  readonly weight: number;
  /** Whether a request meets the condition. Called for every request to the route's path. */
  accepts(request: RoutedRequest): boolean;
  /** For a condition that compares one thing with fixed values: of many such routes, few are tried. */
  readonly lookup?: Lookup | undefined;
  /** For conflicts between routes with different conditions on one thing. */
  readonly comparison?: Comparison | undefined;
}

/** What a condition compares, and with what. */
export interface Lookup {
  /** The same for conditions whose `read` returns the same. */
  readonly subject: string;
  readonly values: readonly string[];
  /** Undefined if the request has none. Only requests for which it returns one of `values` are accepted. */
  read(request: RoutedRequest): string | undefined;
}

export interface Comparison {
  /** What is compared: only conditions of one subject can cover each other. A route has one of each. */
  readonly subject: string;
  /** Whether the condition accepts all requests that another one of the subject accepts. */
  covers(other: Condition): boolean;
}

/** See `Condition.key`. */
export function keyOf(condition: Condition): string {
  return condition.key ?? condition.text;
}

/** A kind of condition: its key in a route, and its behaviour. */
export interface ConditionDefinition<Config = unknown> {
  readonly key: string;
  readonly schema: TSchema;
  /** See `Section`. */
  check?(this: void, written: Checkable<Config>, isWhole: IsWhole): ConfigIssue[];
  /**
   * Called once per route that has the key. Absent for `hosts` and `methods`, which the table looks up.
   */
  create?(this: void, config: Config): Condition | readonly Condition[];
}

/** Makes sure that a definition's functions take what its schema decodes to. */
export function defineCondition<Schema extends TSchema>(
  definition: ConditionDefinition<StaticDecode<Schema>> & { readonly schema: Schema },
): ConditionDefinition {
  return definition;
}
