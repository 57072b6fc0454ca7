import type { RoutePattern } from "../pattern.ts";
import type { Condition, ConditionDefinition } from "./condition.ts";
import { methods } from "./methods.ts";
import { conditionRegistry } from "./registry.ts";

/** A route's conditions other than its path, from its configuration. */
export function conditionsOf(
  route: object,
  registry: readonly ConditionDefinition[] = conditionRegistry,
): Pick<RoutePattern, "methods" | "conditions"> {
  const conditions = registry.flatMap((definition) => {
    const config: unknown = Reflect.get(route, definition.key);
    return config === undefined ? [] : (definition.create?.(config) ?? []);
  });
  return {
    methods: methodsOf(route),
    conditions: conditions.length === 0 ? undefined : conditions,
  };
}

/** The methods that a route lists, without those that could not be read. */
function methodsOf(route: object): readonly string[] | undefined {
  const listed = Reflect.get(route, methods.key) as readonly (string | undefined)[] | undefined;
  return listed?.filter((method) => method !== undefined);
}

/** The conditions as one clause: "the scheme is https and …". */
export function textOf(conditions: readonly Condition[]): string {
  return conditions.map(({ text }) => text).join(" and ");
}
