import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { checkValidationFiles } from "../../../../src/config/validation-files.ts";
import { createStage } from "../../../support/stage.ts";
import type { Opening } from "../../pipeline/opening.ts";
import { byOpenApi, faultsOf, folderWith, json, messagesOf, text, validating } from "./support.ts";

const stage = createStage();

const at = (path: string, opening: Opening = {}): Opening => ({
  url: `http://gateway.test${path}`,
  ...opening,
});

const get = (path: string, parameters: readonly unknown[]) => ({ [path]: { get: { parameters } } });
const query = (name: string, schema: unknown, more: object = {}) => ({
  name,
  in: "query",
  schema,
  ...more,
});

describe("operations", () => {
  const paths = {
    "/users": { get: {}, post: {} },
    "/users/me": { get: {} },
    "/users/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }],
      get: {},
      delete: {},
    },
    "/users/{id}.{format}": {
      get: {
        parameters: [{ name: "format", in: "path", required: true, schema: { enum: ["json"] } }],
      },
    },
    "/files/a b/{name}": { get: {} },
  };

  test.each([
    ["GET", "/users"],
    ["HEAD", "/users"],
    ["GET", "/users/me"],
    ["GET", "/users/7"],
    ["DELETE", "/users/7"],
    ["GET", "/users/7.json"],
    ["GET", "/files/a%20b/x%2Fy"],
  ])("%s %s is known", async (method, path) => {
    expect(await byOpenApi(stage, paths)(at(path, { method }))).toBeUndefined();
  });

  test.each(["/", "/users/", "/users/7/more", "/Users", "/files/ab/x"])(
    "a request for %s is answered 404",
    async (path) => {
      const refusal = await byOpenApi(stage, paths)(at(path));
      expect(refusal?.code).toBe("route_not_found");
      expect(refusal?.message).toBe(`the API has no operation at ${path}`);
    },
  );

  test("a method that a path does not have is answered 405 with those that it has", async () => {
    const refusal = await byOpenApi(stage, paths)(at("/users", { method: "DELETE" }));
    expect(refusal?.code).toBe("method_not_allowed");
    expect(refusal?.fields).toEqual({ allow: "GET, HEAD, POST" });
  });

  test("unknown ones pass if they may", async () => {
    const ask = byOpenApi(stage, paths, { unknown_operations: "pass" });
    expect(await ask(at("/nowhere"))).toBeUndefined();
    expect(await ask(at("/users", { method: "DELETE" }))).toBeUndefined();
    expect(await ask(at("/users/x", { method: "DELETE" }))).toBeDefined();
  });

  test("parameters of a path count for all its operations", async () => {
    const ask = byOpenApi(stage, paths);
    const refusal = await ask(at("/users/joe", { method: "DELETE" }));
    expect(faultsOf(refusal)).toEqual([
      { in: "path", parameter: "id", detail: "must be an integer" },
    ]);
    expect(refusal?.message).toBe("the path parameter id must be an integer");
  });

  test("long segments between texts are matched in linear time", async () => {
    const ask = byOpenApi(stage, { "/{a}-{b}-{c}x": { get: {} } });
    const started = performance.now();
    expect(await ask(at(`/${"-".repeat(8_000)}`))).toBeDefined();
    expect(await ask(at("/1-2-3-4x"))).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("base paths", () => {
  const paths = { "/users": { get: {} } };

  test.each([
    [undefined, ["/users"]],
    [[{ url: "https://example.com" }], ["/users"]],
    [
      [{ url: "https://example.com/v1/" }, { url: "/v2" }],
      ["/v1/users", "/v2/users"],
    ],
    [
      [
        {
          url: "https://{host}/{base}/",
          variables: { host: { default: "a" }, base: { default: "v1", enum: ["v1", "v2"] } },
        },
      ],
      ["/v1/users", "/v2/users"],
    ],
  ])("of the servers %j are known", async (servers, known) => {
    const ask = byOpenApi(stage, { openapi: "3.0.3", paths, ...(servers && { servers }) });
    for (const path of known) expect(await ask(at(path))).toBeUndefined();
    expect(await ask(at("/v9/users"))).toBeDefined();
  });

  test("can be set in their place", async () => {
    const document = { openapi: "3.0.3", paths, servers: [{ url: "/v1" }] };
    const ask = byOpenApi(stage, document, { base_path: "/api/" });
    expect(await ask(at("/api/users"))).toBeUndefined();
    expect(await ask(at("/v1/users"))).toBeDefined();
  });
});

const list = (type: string) => ({ type: "array", items: { type } });
const point = {
  type: "object",
  required: ["x"],
  properties: { x: { type: "integer" }, y: { type: "integer" } },
  additionalProperties: false,
};

describe("parameters in queries", () => {
  test.each([
    [
      "an integer",
      query("p", { type: "integer", maximum: 9 }),
      ["p=1", "p=-1", "", "p=%31"],
      ["p=x", "p=1.5", "p=", "p=10", "p=1&p=2", "p=+1", "p=0x1"],
    ],
    ["a boolean", query("p", { type: "boolean" }), ["p=true", "p=false"], ["p=1", "p=True", "p"]],
    [
      "text",
      query("p", { type: "string", maxLength: 2 }),
      ["p=%C3%A9%C3%A9", "p=12", "p=a+"],
      ["p=abc"],
    ],
    [
      "text or a number",
      query("p", { anyOf: [{ type: "integer", minimum: 5 }, { enum: ["1"] }] }),
      ["p=5", "p=1"],
      ["p=2"],
    ],
    ["a required one", query("p", {}, { required: true }), ["p", "p=", "p=1"], ["", "q=1"]],
    ["a list", query("p", list("integer")), ["p=1&p=2", "p=1"], ["p=1,2", "p=x&p=1"]],
    [
      "a list in one",
      query("p", list("integer"), { explode: false }),
      ["p=1,2", "p=1"],
      ["p=1,x", "p=1&p=2"],
    ],
    [
      "a list with blanks",
      query("p", list("integer"), { explode: false, style: "spaceDelimited" }),
      ["p=1%202", "p=1+2"],
      ["p=1,2"],
    ],
    [
      "a list with bars",
      query("p", list("integer"), { explode: false, style: "pipeDelimited" }),
      ["p=1|2", "p=1%7C2"],
      ["p=1,2"],
    ],
    ["an object", query("p", point), ["x=1", "x=1&y=2", "z=1"], ["x=a", "y=1"]],
    [
      "an object in one",
      query("p", point, { explode: false }),
      ["p=x,1,y,2"],
      ["p=x,a", "p=y,1", "p=z,1,x,1"],
    ],
    [
      "a deep object",
      query("p", point, { style: "deepObject" }),
      ["p[x]=1", "p%5Bx%5D=1&p[y]=2", "q[x]=a"],
      [
        "p[x]=a",
        "p[y]=1",
        "p[x]=1&p[z]=1",
        "p[x]=1&p[x]=2",
        "p=1",
        "p=1&p[x]=1",
        `p${"[x]".repeat(2_000)}=1`,
      ],
    ],
    [
      "JSON",
      { name: "p", in: "query", content: { "application/json": { schema: point } } },
      ['p={"x":1}'],
      ["p={", 'p={"x":"a"}', 'p={"x":1,"x":2}'],
    ],
  ])("%s", async (_what, parameter, good, bad) => {
    const ask = byOpenApi(stage, get("/a", [parameter]));
    for (const one of good) expect([one, faultsOf(await ask(at(`/a?${one}`)))]).toEqual([one, []]);
    for (const one of bad)
      expect([one, (await ask(at(`/a?${one}`)))?.code]).toEqual([one, "invalid_request"]);
  });

  test("that are sent twice are a fault of their own", async () => {
    const ask = byOpenApi(stage, get("/a", [query("p", { type: "integer" })]));
    expect(faultsOf(await ask(at("/a?p=1&p=2")))).toEqual([
      { in: "query", parameter: "p", detail: "must not be sent more than once" },
    ]);
  });

  test("have pointers to what is wrong inside of them", async () => {
    const ask = byOpenApi(stage, get("/a", [query("p", point, { style: "deepObject" })]));
    expect(faultsOf(await ask(at("/a?p[x]=a")))).toEqual([
      { pointer: "#/x", in: "query", parameter: "p", detail: "must be an integer" },
    ]);
  });

  test("that are unknown pass unless they are to be refused", async () => {
    const paths = get("/a", [query("p", {}), query("o", point, { style: "deepObject" })]);
    expect(await byOpenApi(stage, paths)(at("/a?q=1"))).toBeUndefined();
    const ask = byOpenApi(stage, paths, { unknown_parameters: "reject" });
    expect(await ask(at("/a?p=1&o[x]=1"))).toBeUndefined();
    expect(faultsOf(await ask(at("/a?o[x]z=1")))).toHaveLength(1);
    expect(faultsOf(await ask(at("/a?p=1&q=1&o[x]=1")))).toEqual([
      { in: "query", parameter: "q", detail: "is not known" },
    ]);
  });
});

describe("parameters in paths", () => {
  test.each([
    ["simple", false, list("integer"), ["1,2"], ["1,x"]],
    ["label", false, list("integer"), [".1,2"], ["1,2", ".x"]],
    ["label", true, list("integer"), [".1.2"], [".1.x"]],
    ["matrix", false, list("integer"), [";p=1,2"], [";q=1", "1,2"]],
    ["matrix", true, list("integer"), [";p=1;p=2"], [";p=1;p=x"]],
    ["simple", false, point, ["x,1,y,2"], ["x,a"]],
    ["simple", true, point, ["x=1,y=2"], ["x=a"]],
    ["label", true, point, [".x=1.y=2"], [".x=a"]],
    ["matrix", false, point, [";p=x,1,y,2"], [";p=x,a"]],
    ["matrix", true, point, [";x=1;y=2"], [";x=a"]],
    ["simple", false, { type: "string", enum: ["é/"] }, ["%C3%A9%2F"], ["e"]],
    ["matrix", false, { type: "integer" }, [";p=5"], [";p=x", "5"]],
  ])("%s, explode: %p, %j", async (style, explode, schema, good, bad) => {
    const parameter = { name: "p", in: "path", required: true, style, explode, schema };
    const ask = byOpenApi(stage, get("/a/{p}", [parameter]));
    for (const one of good) expect([one, faultsOf(await ask(at(`/a/${one}`)))]).toEqual([one, []]);
    for (const one of bad)
      expect([one, (await ask(at(`/a/${one}`)))?.code]).toEqual([one, "invalid_request"]);
  });
});

test("parameters in fields and cookies", async () => {
  const ask = byOpenApi(
    stage,
    get("/a", [
      { name: "X-Ids", in: "header", required: true, schema: list("integer") },
      { name: "Authorization", in: "header", required: true, schema: { type: "integer" } },
      { name: "theme", in: "cookie", schema: { enum: ["dark", "light"] } },
    ]),
  );
  expect(
    await ask(at("/a", { fields: { "x-ids": "1, 2", cookie: "a=b; theme=dark" } })),
  ).toBeUndefined();
  const twice = { fields: { "x-ids": "1", cookie: "theme=dark; theme=hush" } };
  expect(faultsOf(await ask(at("/a", twice)))).toEqual([
    { in: "cookie", parameter: "theme", detail: "must not be sent more than once" },
  ]);
  expect(faultsOf(await ask(at("/a", { fields: { cookie: "theme=hush" } })))).toEqual([
    { in: "header", parameter: "X-Ids", detail: "is required" },
    { in: "cookie", parameter: "theme", detail: 'must be one of "dark", "light"' },
  ]);
});

describe("content", () => {
  const user = {
    type: "object",
    required: ["id", "name"],
    additionalProperties: false,
    properties: {
      id: { type: "integer", readOnly: true },
      name: { type: "string" },
      tags: list("integer"),
      at: { $ref: "#/components/schemas/Point" },
    },
  };
  const document = (content: object, required = true) => ({
    openapi: "3.1.0",
    paths: { "/things": { post: { requestBody: { required, content } } } },
    components: { schemas: { User: user, Point: point } },
  });
  const ref = { schema: { $ref: "#/components/schemas/User" } };

  test("is judged by the schema of its type; what only answers have is not required", async () => {
    const ask = byOpenApi(stage, document({ "application/json": ref }));
    expect(await ask(json({ name: "a", at: { x: 1 } }))).toBeUndefined();
    expect(await ask(json({ id: 1, name: "a" }))).toBeUndefined();
    expect(faultsOf(await ask(json({ at: {} })))).toEqual([
      { pointer: "#/name", detail: "is required" },
      { pointer: "#/at/x", detail: "is required" },
    ]);
  });

  test("must be of a type that is described", async () => {
    const ask = byOpenApi(stage, document({ "application/json": ref, "image/*": {} }));
    expect((await ask(text("x", "text/plain")))?.fields).toEqual({
      accept: "application/json, image/*",
    });
    expect(await ask(text("x", "image/png"))).toBeUndefined();
  });

  test("that is a form is the object that it stands for", async () => {
    const ask = byOpenApi(stage, document({ "application/x-www-form-urlencoded": ref }));
    const form = (body: string) => text(body, "application/x-www-form-urlencoded");
    expect(await ask(form("name=a+b&tags=1&tags=2&at=%7B%22x%22%3A1%7D"))).toBeUndefined();
    expect(faultsOf(await ask(form("name=a&name=b&tags=x&at=y&__proto__=1")))).toEqual([
      { pointer: "#/__proto__", detail: "is not allowed" },
      { pointer: "#/name", detail: "must be a string" },
      { pointer: "#/tags/0", detail: "must be an integer" },
      { pointer: "#/at", detail: "must be an object" },
    ]);
  });

  test("may be required, and may be absent if it is not", async () => {
    const fields = { "content-type": "application/json" };
    const asked = { method: "POST", fields };
    expect(faultsOf(await byOpenApi(stage, document({ "application/json": ref }))(asked))).toEqual([
      { pointer: "#", detail: "is required" },
    ]);
    expect(
      await byOpenApi(stage, document({ "application/json": ref }, false))(asked),
    ).toBeUndefined();
  });

  test("is not looked at where none is described", async () => {
    const ask = byOpenApi(stage, { "/things": { post: {} } });
    expect(await ask(text("anything", "text/plain"))).toBeUndefined();
  });
});

test("schemas of OpenAPI 3.0 mean what they mean there", async () => {
  const ask = byOpenApi(stage, {
    openapi: "3.0.3",
    paths: {
      "/things": {
        post: {
          requestBody: {
            content: { "application/json": { schema: { $ref: "#/components/schemas/A" } } },
          },
        },
      },
    },
    components: {
      schemas: {
        A: {
          type: "object",
          properties: {
            n: { type: "integer", nullable: true, minimum: 1, exclusiveMinimum: true },
            r: { $ref: "#/components/schemas/B", nullable: true },
            nullable: { type: "boolean" },
            example: { type: "integer" },
          },
        },
        B: { type: "string" },
      },
    },
  });
  expect(await ask(json({ n: null, nullable: true, example: 1 }))).toBeUndefined();
  expect(faultsOf(await ask(json({ n: 1, r: null, nullable: 1, example: "a" })))).toEqual([
    { pointer: "#/n", detail: "must be greater than 1" },
    { pointer: "#/r", detail: "must be a string" },
    { pointer: "#/nullable", detail: "must be a boolean" },
    { pointer: "#/example", detail: "must be an integer" },
  ]);
});

test("parts may stand in other files, each with references of its own", async () => {
  const folder = folderWith(stage, {
    "api.yaml": `
openapi: 3.1.0
paths:
  /things: { $ref: paths/things.yaml }
`,
    "paths/things.yaml": `
post:
  parameters: [{ $ref: "../common.yaml#/parameters/Page" }]
  requestBody: { $ref: "../common.yaml#/bodies/Thing" }
`,
    "common.yaml": `
parameters:
  Page: { name: page, in: query, schema: { $ref: "#/schemas/Positive" } }
bodies:
  Thing: { content: { application/json: { schema: { properties: { a: { $ref: "#/schemas/Positive" } } } } } }
schemas:
  Positive: { type: integer, minimum: 1 }
`,
  });
  const ask = validating({ openapi: join(folder, "api.yaml") });
  expect(
    await ask({ ...json({ a: 1 }), url: "http://gateway.test/things?page=1" }),
  ).toBeUndefined();
  const refusal = await ask({ ...json({ a: 0 }), url: "http://gateway.test/things?page=0" });
  expect(faultsOf(refusal)).toHaveLength(2);
});

/** A document, and what is said of it. */
const mistakes: [what: string, document: string, said: string][] = [
  ["is Swagger 2", 'swagger: "2.0"', "api.yaml:1:10: this is Swagger 2.0; convert it"],
  ["has no version", "paths: {}", "an OpenAPI document begins with its version"],
  ["has no paths", "openapi: 3.1.0", "the document has no `paths`"],
  [
    "has a path without a slash",
    "openapi: 3.1.0\npaths:\n  users: {}",
    'api.yaml:3:3: a path begins with "/"',
  ],
  [
    "has a parameter nowhere",
    "openapi: 3.1.0\npaths:\n  /a: { get: { parameters: [{ name: a, in: body }] } }",
    "api.yaml:3:29: `in` of a parameter is",
  ],
  [
    "has a parameter without a name",
    "openapi: 3.1.0\npaths:\n  /a: { get: { parameters: [{ in: query }] } }",
    "api.yaml:3:29: a parameter needs a `name`",
  ],
  [
    "refers to nothing",
    'openapi: 3.1.0\npaths:\n  /a: { get: { parameters: [{ $ref: "#/x" }] } }',
    "api.yaml:3:29: there is no such parameter",
  ],
  [
    "has a schema that refers to nothing",
    'openapi: 3.1.0\npaths:\n  /a: { get: { parameters: [{ name: a, in: query, schema: { $ref: "#/x" } }] } }',
    "api.yaml:3:67: there is nothing at `#/x`",
  ],
  [
    "has a pattern with look-behind",
    'openapi: 3.1.0\npaths:\n  /a: { get: { parameters: [{ name: a, in: query, schema: { pattern: "(?<=a)b" } }] } }',
    "api.yaml:3:70: the pattern `(?<=a)b` cannot be used",
  ],
  [
    "has a wrong keyword in a schema",
    "openapi: 3.1.0\npaths:\n  /a: { get: { parameters: [{ name: a, in: query, schema: { type: int } }] } }",
    "api.yaml:3:",
  ],
];

test.each(mistakes)("a document that %s is reported with its place", (_what, document, said) => {
  const folder = folderWith(stage, { "api.yaml": document });
  const [message = "", ...others] = messagesOf({ openapi: join(folder, "api.yaml") });
  expect(message.replaceAll(`${folder}/`, "").replace(/^\/\S*\/(?=api)/, "")).toContain(said);
  expect(others).toEqual([]);
});

test("a file that many routes name is read once, and its mistakes are reported once", () => {
  const folder = folderWith(stage, { "schema.json": { type: "nothing" } });
  const validate = { body: join(folder, "schema.json") };
  const routes = Array.from({ length: 3 }, (_, at) => ({ path: `/${at}`, validate }));
  const issues = checkValidationFiles({ routes }, () => true);
  expect(issues.map(({ path }) => path)).toEqual([["routes", 0, "validate", "body"]]);
});
