import type { RoutePattern } from "../pattern.ts";
import type { Condition, ConditionDefinition } from "./condition.ts";
import { hosts } from "./hosts.ts";
import { methods } from "./methods.ts";
import { conditionRegistry } from "./registry.ts";

/** A route's conditions other than its path, and what else decides whose requests it gets. */
export function conditionsOf(
  route: object,
  registry: readonly ConditionDefinition[] = conditionRegistry,
): Pick<RoutePattern, "name" | "hosts" | "methods" | "conditions" | "priority"> {
  const conditions = registry.flatMap((definition) => {
    const config: unknown = Reflect.get(route, definition.key);
    return config === undefined ? [] : (definition.create?.(config) ?? []);
  });
  return {
    name: Reflect.get(route, "name") as string | undefined,
    hosts: hostsOf(route),
    methods: listOf(route, methods.key),
    conditions: conditions.length === 0 ? undefined : conditions,
    priority: Reflect.get(route, "priority") as number | undefined,
  };
}

/** A route's hosts, without those that could not be read. */
export function hostsOf(route: object): readonly string[] | undefined {
  return listOf(route, hosts.key);
}

/** What a route lists, without repetitions and those that could not be read. */
function listOf(route: object, key: string): readonly string[] | undefined {
  const listed = Reflect.get(route, key) as readonly (string | undefined)[] | undefined;
  return listed && [...new Set(listed.filter((one) => one !== undefined))];
}

/** The conditions as one clause: "the scheme is https and …". */
export function textOf(conditions: readonly Condition[]): string {
  return conditions.map(({ text }) => text).join(" and ");
}
