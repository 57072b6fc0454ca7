import { describe, expect, test } from "bun:test";
import { createStage } from "../../../support/stage.ts";
import { byBody, faultsOf, json } from "./support.ts";

const stage = createStage();

describe("what a client learns of a value that a schema does not allow", () => {
  test.each<[object, unknown, string]>([
    [{ type: "array" }, 1, "must be a list"],
    [{ type: ["object", "null", "integer"] }, "a", "must be an object, null or an integer"],
    [{ type: "object", dependentRequired: { a: ["b"] } }, { a: 1 }, "is required with a"],
    [{ unevaluatedProperties: false }, { a: 1 }, "is not allowed"],
    [{ prefixItems: [{}], items: false }, [1, 2], "must not have more than 1 items"],
    [{ enum: ["a", 1] }, 2, 'must be one of "a", 1'],
    [{ const: { a: 1 } }, 2, 'must be {"a":1}'],
    [{ pattern: "^a" }, "b", "must match the pattern ^a"],
    [{ format: "date" }, "b", "must be of the format date"],
    [{ multipleOf: 5 }, 2, "must be a multiple of 5"],
    [{ uniqueItems: true }, [1, 1], "must not have two equal items"],
    [{ contains: { const: 1 } }, [2], "must contain at least 1 of certain items"],
    [
      { contains: { const: 1 }, minContains: 2, maxContains: 3 },
      [1],
      "must contain 2 to 3 of certain items",
    ],
    [{ oneOf: [{ minimum: 1 }, { minimum: 2 }] }, 3, "must be only one of the alternatives"],
    [{ not: { type: "number" } }, 3, "is excluded"],
    [{ minimum: 4 }, 3, "must be at least 4"],
    [{ maximum: 2 }, 3, "must be at most 2"],
    [{ exclusiveMinimum: 3 }, 3, "must be greater than 3"],
    [{ exclusiveMaximum: 3 }, 3, "must be less than 3"],
    [{ minLength: 1 }, "", "must have at least 1 character"],
    [{ maxLength: 2 }, "abc", "must have at most 2 characters"],
    [{ minItems: 2 }, [], "must have at least 2 items"],
    [{ maxItems: 1 }, [1, 2], "must have at most 1 item"],
    [{ minProperties: 1 }, {}, "must have at least 1 member"],
    [{ maxProperties: 1 }, { a: 1, b: 1 }, "must have at most 1 member"],
    [{ propertyNames: { pattern: "^a" } }, { b: 1 }, "has a name that is not allowed"],
    [{ if: { type: "string" }, else: { minimum: 4 } }, 3, "must be at least 4"],
    [{ properties: { a: false } }, { a: 1 }, "is not allowed"],
  ])("%j, %j: %s", async (schema, value, detail) => {
    const ask = byBody(stage, schema);
    expect(faultsOf(await ask(json(value))).map((fault) => fault.detail)).toContain(detail);
  });
});

describe("the formats of texts", () => {
  test.each([
    ["email", "a@example.com", "a"],
    ["uuid", "123e4567-e89b-12d3-a456-426614174000", "1"],
    ["date-time", "2026-01-01T00:00:00Z", "yesterday"],
    ["time", "10:00:00Z", "25:00:00Z"],
    ["ipv4", "192.0.2.1", "1.2.3"],
    ["uri", "https://example.com/", "//"],
    ["regex", "^a$", "("],
    ["byte", "YWJj", "%"],
  ])("%s takes %p and not %p, of any length", async (format, good, bad) => {
    const ask = byBody(stage, { format });
    expect(await ask(json(good))).toBeUndefined();
    expect(faultsOf(await ask(json(bad)))).toHaveLength(1);
    expect(faultsOf(await ask(json(`${bad}${"%".repeat(400)}`)))).toHaveLength(1);
  });

  test("of numbers are tested too, and what is no text passes those of texts", async () => {
    expect(await byBody(stage, { format: "int32" })(json(2 ** 31))).toBeDefined();
    expect(await byBody(stage, { format: "email" })(json(1))).toBeUndefined();
    expect(await byBody(stage, { format: "password" })(json("a"))).toBeUndefined();
  });
});
