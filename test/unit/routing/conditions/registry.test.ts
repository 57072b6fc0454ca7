import { describe, expect, test } from "bun:test";
import { configSchema } from "../../../../src/config/schema.ts";
import type { ConditionDefinition } from "../../../../src/routing/conditions/condition.ts";
import { conditionRegistry } from "../../../../src/routing/conditions/registry.ts";
import { schemaProblems } from "../../../support/schema-rules.ts";

const definitions: readonly ConditionDefinition[] = conditionRegistry;

test("every condition has its own key", () => {
  const keys = definitions.map(({ key }) => key);
  expect(keys).toEqual([...new Set(keys)]);
});

test("hosts and methods come first, and are looked up by the table itself", () => {
  const [first, second, ...others] = definitions;
  expect([first?.key, second?.key]).toEqual(["hosts", "methods"]);
  expect([first?.create, second?.create]).toEqual([undefined, undefined]);
  for (const { create } of others) expect(create).toBeFunction();
});

describe.each(definitions)("the condition $key", ({ key, schema, check }) => {
  test("explains every key, and takes no unknown ones", () => {
    expect(schemaProblems(key, schema)).toEqual([]);
  });

  test("is an optional key of routes", () => {
    const route = configSchema.properties.routes.items;
    expect(Object.keys(route.properties)).toContain(key);
    expect(route.required).not.toContain(key);
  });

  test("has nothing to say of a value that could not be read", () => {
    expect(check?.([undefined] as never, () => false) ?? []).toEqual([]);
  });
});
