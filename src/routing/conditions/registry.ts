import type { ConditionDefinition } from "./condition.ts";
import { methods } from "./methods.ts";

/** Every condition that a route may have in addition to its path, in the reference's order. */
export const conditionRegistry = [
  // Looked up before the others: a route that lists the method comes first.
  methods,
] as const satisfies readonly ConditionDefinition[];
