import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import type { Checkable, IsWhole } from "../../pipeline/section.ts";

/** The parts of a request that determine its route, except its method. */
export type RoutedRequest = Pick<Exchange, "target" | "client" | "request">;

/** A condition of a route, compiled. */
export interface Condition {
  /**
   * The condition as a clause for operators, like "the scheme is https". Conditions with the same
   * text accept the same requests: that is how conflicts between routes are found.
   */
  readonly text: string;
  /** Routes of one path are tried from the greatest sum of weights to the least; usually 1. */
  readonly weight: number;
  /** Whether a request meets the condition. Called for every request to the route's path. */
  accepts(request: RoutedRequest): boolean;
}

/** A kind of condition: its key in a route, and its behaviour. */
export interface ConditionDefinition<Config = unknown> {
  readonly key: string;
  readonly schema: TSchema;
  /** See `Section`. */
  check?(this: void, written: Checkable<Config>, isWhole: IsWhole): ConfigIssue[];
  /** Called once per route that has the key. Absent for `methods`, which the table looks up. */
  create?(this: void, config: Config): Condition;
}

/** Makes sure that a definition's functions take what its schema decodes to. */
export function defineCondition<Schema extends TSchema>(
  definition: ConditionDefinition<StaticDecode<Schema>> & { readonly schema: Schema },
): ConditionDefinition {
  return definition;
}
