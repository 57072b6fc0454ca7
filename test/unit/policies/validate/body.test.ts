import { describe, expect, test } from "bun:test";
import { createStage } from "../../../support/stage.ts";
import { byBody, faultsOf, folderWith, json, messagesOf, text, validating } from "./support.ts";
import { join } from "node:path";

const stage = createStage();

const USER = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  required: ["name", "age"],
  additionalProperties: false,
  properties: {
    name: { type: "string", minLength: 1, maxLength: 8, pattern: "^[a-z]+$" },
    age: { type: "integer", minimum: 18 },
    tags: { type: "array", items: { type: "string" }, uniqueItems: true, maxItems: 3 },
    "a/b c~": { type: ["boolean", "null"] },
    kind: { enum: ["person", "robot"] },
  },
};

test("content that the schema allows passes", async () => {
  const ask = byBody(stage, USER);
  expect(
    await ask(json({ name: "ada", age: 36, tags: ["a", "b"], "a/b c~": null })),
  ).toBeUndefined();
});

test("every fault is listed with its pointer, and none with a value of the client's", async () => {
  const ask = byBody(stage, USER);
  const secret = "HUSH-hush-HUSH";
  const refusal = await ask(
    json({
      name: secret,
      tags: [1, "x", "x", "x"],
      "a/b c~": secret,
      kind: secret,
      [secret]: 1,
    }),
  );

  expect(refusal?.code).toBe("invalid_request");
  expect(refusal?.message).toBe("#/age is required, and 8 more faults");
  expect(faultsOf(refusal)).toEqual([
    { pointer: "#/age", detail: "is required" },
    { pointer: "#/HUSH-hush-HUSH", detail: "is not allowed" },
    { pointer: "#/name", detail: "must have at most 8 characters" },
    { pointer: "#/name", detail: "must match the pattern ^[a-z]+$" },
    { pointer: "#/tags", detail: "must have at most 3 items" },
    { pointer: "#/tags/0", detail: "must be a string" },
    { pointer: "#/tags", detail: "must not have two equal items" },
    { pointer: "#/a~1b%20c~0", detail: "must be a boolean or null" },
    { pointer: "#/kind", detail: 'must be one of "person", "robot"' },
  ]);
  expect(
    faultsOf(refusal)
      .map(({ detail }) => detail)
      .join(),
  ).not.toContain(secret);
});

test.each([
  ["is not JSON", "{", "is not JSON"],
  ["has blanks only", " ", "is not JSON"],
  ["begins with a byte order mark", "\uFEFF{}", "is not JSON"],
  ["has a name twice", '{"name":"ada","age":20,"n\\u0061me":"bob"}', "has two members of one name"],
  ["is nested too deep", "[".repeat(101) + "]".repeat(101), "is nested more than 100 levels deep"],
])("content that %s is refused", async (_what, body, detail) => {
  const ask = byBody(stage, USER);
  expect(faultsOf(await ask(text(body)))).toEqual([{ pointer: "#", detail }]);
});

test("content that is not valid UTF-8 is refused", async () => {
  const ask = byBody(stage, true);
  const refusal = await ask(text(new Uint8Array([0x22, 0xff, 0x22])));
  expect(faultsOf(refusal)).toEqual([{ pointer: "#", detail: "is not valid UTF-8" }]);
});

test.each(["POST", "PUT", "PATCH"])("%s needs content", async (method) => {
  const ask = byBody(stage, USER);
  const fields = { "content-type": "application/json" };
  expect(faultsOf(await ask({ method, fields }))).toEqual([
    { pointer: "#", detail: "is required" },
  ]);
  expect(faultsOf(await ask({ method, fields, body: "" }))).toHaveLength(1);
});

test.each(["GET", "DELETE", "HEAD"])(
  "%s needs none, and what it has is validated",
  async (method) => {
    const ask = byBody(stage, USER);
    expect(await ask({ method })).toBeUndefined();
    expect((await ask(json({}, method)))?.code).toBe("invalid_request");
  },
);

test.each([
  "text/plain",
  "",
  "application/x-www-form-urlencoded",
  "application/json; charset=utf-16",
])("content of the type %p is not taken", async (type) => {
  const ask = byBody(stage, USER);
  const refusal = await ask(text("{}", type));
  expect(refusal?.code).toBe("unsupported_media_type");
  expect(refusal?.status).toBe(415);
  expect(refusal?.fields).toEqual({ accept: "application/json" });
});

test.each(["application/json", "application/problem+json", 'APPLICATION/JSON; charset="UTF-8"'])(
  "content of the type %p is",
  async (type) => {
    const ask = byBody(stage, true);
    expect(await ask(text("{}", type))).toBeUndefined();
  },
);

test("encoded content is not taken: nobody here decodes it", async () => {
  const ask = byBody(stage, true);
  const fields = { "content-type": "application/json", "content-encoding": "gzip" };
  const refusal = await ask({ method: "POST", fields, body: "{}" });
  expect(refusal?.code).toBe("unsupported_media_type");
  expect(refusal?.fields).toEqual({ "accept-encoding": "identity" });
});

test("content larger than max_body is refused, whether or not it says how long it is", async () => {
  const ask = byBody(stage, true, { max_body: 10 });
  expect(await ask(text('"12345678"'))).toBeUndefined();
  expect((await ask(text('"123456789"')))?.code).toBe("body_too_large");
  const stream = new Response('"123456789"').body ?? undefined;
  expect((await ask({ ...text(""), ...(stream && { body: stream }) }))?.code).toBe(
    "body_too_large",
  );
});

test("names of Object.prototype are members only if they are written", async () => {
  const ask = byBody(stage, { type: "object", required: ["constructor", "toString"] });
  expect(faultsOf(await ask(json({})))).toHaveLength(2);
  expect(await ask(text('{"constructor":1,"toString":2,"__proto__":3}'))).toBeUndefined();
});

test("a pointer names no more than where it fits", async () => {
  const ask = byBody(stage, { additionalProperties: { additionalProperties: false } });
  const [fault] = faultsOf(await ask(json({ inner: { ["é/~".repeat(1_000)]: 1 } })));
  expect(fault).toEqual({ pointer: "#/inner", detail: "is not allowed" });
});

describe("a schema of several files", () => {
  test("may refer to parts of files next to it, and those to it", async () => {
    const folder = folderWith(stage, {
      "main.json": { type: "object", properties: { a: { $ref: "parts/part.yaml#/$defs/name" } } },
      "parts/part.yaml":
        "$defs:\n  name: { anyOf: [{ type: string }, { $ref: '../main.json' }] }\n",
    });
    const ask = validating({ body: join(folder, "main.json") });
    expect(await ask(json({ a: { a: "x" } }))).toBeUndefined();
    expect(await ask(json({ a: { a: 1 } }))).toBeDefined();
  });

  test("may have URLs as ids: files next to it are meant", async () => {
    const folder = folderWith(stage, {
      "a.json": { $id: "https://example.com/s/a.json", properties: { b: { $ref: "b.json" } } },
      "b.json": { $id: "https://example.com/s/b.json", type: "integer" },
    });
    const ask = validating({ body: join(folder, "a.json") });
    expect(await ask(json({ b: 1 }))).toBeUndefined();
    expect(await ask(json({ b: "x" }))).toBeDefined();
  });
});

test.each([
  [
    "http://json-schema.org/draft-07/schema#",
    { definitions: { n: { type: "number" } }, items: [{ $ref: "#/definitions/n" }] },
  ],
  [
    "https://json-schema.org/draft/2019-09/schema",
    { $defs: { n: { type: "number" } }, items: [{ $ref: "#/$defs/n" }] },
  ],
])("%s is understood too", async ($schema, schema) => {
  const ask = byBody(stage, { $schema, ...schema });
  expect(await ask(json([1]))).toBeUndefined();
  expect(await ask(json(["x"]))).toBeDefined();
});

/** The content of schema.json, and the beginning of what is said of it. */
const mistakes: [what: string, schema: unknown, said: string][] = [
  ["is not JSON", '{ "type": ', "schema.json:1:"],
  ["is a list", [1], "schema.json: a schema is an object"],
  [
    "has an unknown type",
    '{\n  "type": "strin" }',
    "schema.json:2:11: `type` must be string, number",
  ],
  ["has a wrong limit", '{ "minLength": -1 }', "schema.json:1:16: `minLength` must be at least 0"],
  [
    "has a pattern that is none",
    '{ "pattern": "(" }',
    "schema.json:1:14: the pattern `(` cannot be used: missing closing )",
  ],
  [
    "has a pattern with look-ahead",
    '{ "pattern": "^(?!a)" }',
    "schema.json:1:14: the pattern `^(?!a)` cannot be used: look-around",
  ],
  [
    "has a pattern as a name",
    '{ "patternProperties": { "a(?=b)": true } }',
    "schema.json:1:36: the pattern `a(?=b)` cannot be used: look-around",
  ],
  [
    "refers to nothing",
    '{ "$ref": "#/$defs/a" }',
    "schema.json:1:11: there is nothing at `#/$defs/a`",
  ],
  [
    "refers to a URL",
    '{ "$ref": "https://example.com/a.json" }',
    "schema.json:1:11: `https://example.com/a.json` is not fetched; save it",
  ],
  ["refers to a file that is not there", '{ "$ref": "b.json" }', "b.json does not exist"],
  [
    "is of another version",
    '{ "$schema": "http://json-schema.org/draft-04/schema#" }',
    "schema.json:1:14: `http://json-schema.org/draft-04/schema#` is not understood",
  ],
];

test.each(mistakes)("a schema that %s is reported with its place", (_what, schema, said) => {
  const folder = folderWith(stage, { "schema.json": schema });
  const [message = "", ...others] = messagesOf({ body: join(folder, "schema.json") });
  expect(
    message.replaceAll(`${folder}/`, "").replace(/^\/.*\/(?=[a-z]+\.json does)/, ""),
  ).toStartWith(said);
  expect(others).toEqual([]);
});

test("what probably has no effect is a warning", () => {
  const folder = folderWith(stage, {
    "schema.json":
      '{ "type": "object", "requried": ["a"],\n "properties": { "requried": { "type": "string", "format": "colour" } } }',
  });
  const file = join(folder, "schema.json");
  const said = messagesOf({ body: file }).map((message) => message.replace(/.*\//, ""));
  expect(said).toEqual([
    "schema.json:1:21: `requried` has no effect, did you mean `required`?",
    "schema.json:2:50: the format `colour` is not known, and not checked",
  ]);
});

test("a file that is not there, and nothing to validate by, are errors", () => {
  expect(messagesOf({ body: "nowhere.json" })).toEqual([
    "nowhere.json does not exist; relative paths start at the working directory",
  ]);
  expect(messagesOf({})[0]).toStartWith("name what requests are validated by");
});
