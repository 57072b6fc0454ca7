import { expect, test } from "bun:test";
import { join } from "node:path";
import { createStage } from "../../../support/stage.ts";
import { byBody, faultsOf, folderWith, json, validating } from "./support.ts";

const stage = createStage();

/** A schema, a value that it does not allow, and what is said of it. */
const cases: [schema: object, value: unknown, pointer: string, detail: string][] = [
  [{ type: "array" }, {}, "#", "must be a list"],
  [{ type: "object" }, [], "#", "must be an object"],
  [{ type: ["integer", "string", "null"] }, [], "#", "must be an integer, a string or null"],
  [{ dependentRequired: { a: ["b"] } }, { a: 1 }, "#/b", "is required with a"],
  [{ unevaluatedProperties: false }, { a: 1 }, "#/a", "is not allowed"],
  [{ properties: { a: false } }, { a: 1 }, "#/a", "is not allowed"],
  [{ prefixItems: [{}], items: false }, [1, 2], "#", "must not have more than 1 items"],
  [{ prefixItems: [{}], unevaluatedItems: false }, [1, 2], "#", "is not allowed"],
  [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, "#/ab", "has a name that is not allowed"],
  [{ const: { a: 1 } }, 1, "#", 'must be {"a":1}'],
  [{ format: "date-time" }, "x", "#", "must be of the format date-time"],
  [
    { contains: { const: 1 }, minContains: 2 },
    [1],
    "#",
    "must contain at least 2 of certain items",
  ],
  [
    { contains: { const: 1 }, minContains: 1, maxContains: 2 },
    [1, 1, 1],
    "#",
    "must contain 1 to 2 of certain items",
  ],
  [{ oneOf: [{ const: 1 }, { const: 2 }] }, 3, "#", "must be one of the alternatives"],
  [{ oneOf: [{}, {}] }, 3, "#", "must be only one of the alternatives"],
  [{ anyOf: [{ const: 1 }, { const: 2 }] }, 3, "#", "must be one of the alternatives"],
  [{ not: {} }, 3, "#", "is excluded"],
  [{ if: { const: 4 }, else: { type: "string" } }, 3, "#", "must be a string"],
  [{ minimum: 4 }, 3, "#", "must be at least 4"],
  [{ maximum: 2 }, 3, "#", "must be at most 2"],
  [{ exclusiveMinimum: 3 }, 3, "#", "must be greater than 3"],
  [{ exclusiveMaximum: 3 }, 3, "#", "must be less than 3"],
  [{ minLength: 1 }, "", "#", "must have at least 1 character"],
  [{ maxLength: 2 }, "abc", "#", "must have at most 2 characters"],
  [{ minItems: 2 }, [], "#", "must have at least 2 items"],
  [{ minProperties: 1 }, {}, "#", "must have at least 1 member"],
  [{ maxProperties: 1 }, { a: 1, b: 2 }, "#", "must have at most 1 member"],
  [{ enum: ["x".repeat(200)] }, 1, "#", `must be one of "${"x".repeat(99)}…`],
];

test.each(cases)("by %j, %j at %s %s", async (schema, value, pointer, detail) => {
  expect(faultsOf(await byBody(stage, schema)(json(value)))).toContainEqual({ pointer, detail });
});

test.each([
  ["uri", "a:b", "not a uri"],
  ["ipv4", "1.2.3.4", "1.2.3"],
  ["date", "2026-02-28", "2026-02-30"],
  ["int32", 5, 2 ** 40],
  ["byte", "YWJj", "YW?"],
  ["regex", "a+", "("],
])("the format %s takes %j and not %j", async (format, good, bad) => {
  const ask = byBody(stage, { format });
  expect(await ask(json(good))).toBeUndefined();
  expect(await ask(json(bad))).toBeDefined();
});

test("a format is not tested on texts that would take long", async () => {
  const ask = byBody(stage, { items: { format: "uri-reference" } });
  expect(await ask(json(["x".repeat(1_000)]))).toBeUndefined();
  const [fault] = faultsOf(await ask(json(Array.from({ length: 300 }, () => "x".repeat(1_000)))));
  expect(fault?.pointer).toBe("#");
});

test("a schema for the content and a document for the rest both count", async () => {
  const folder = folderWith(stage, {
    "schema.json": { required: ["a"] },
    "api.json": {
      openapi: "3.1.0",
      paths: {
        "/things": {
          post: {
            parameters: [{ name: "q", in: "query", required: true, schema: {} }],
            requestBody: { content: { "application/json": { schema: { required: ["b"] } } } },
          },
        },
      },
    },
  });
  const files = { body: join(folder, "schema.json"), openapi: join(folder, "api.json") };
  expect(faultsOf(await validating(files)(json({})))).toEqual([
    { in: "query", parameter: "q", detail: "is required" },
    { pointer: "#/a", detail: "is required" },
    { pointer: "#/b", detail: "is required" },
  ]);
  const elsewhere = { ...json({}), url: "http://gateway.test/elsewhere" };
  expect((await validating(files)(elsewhere))?.code).toBe("route_not_found");
});
