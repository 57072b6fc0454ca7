import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { answerOf, http2Session, request } from "../support/http2-ask.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", pattern: "^\\p{L}+$" },
    email: { type: "string", format: "email" },
    age: { $ref: "types/age.yaml" },
    pad: { type: "string" },
  },
};

const API = `
openapi: 3.0.3
servers: [{ url: "https://api.example.com/v1" }]
paths:
  /users/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
    get:
      parameters:
        - { name: fields, in: query, explode: false, schema: { type: array, items: { enum: [name, age] } } }
    patch:
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/Change" } } }
components:
  schemas:
    Change: { type: object, minProperties: 1, additionalProperties: false, properties: { name: { type: string, nullable: true } } }
`;

function folderWithSchemas(): string {
  const cwd = stage.folder();
  mkdirSync(join(cwd, "types"));
  writeFileSync(join(cwd, "schema.json"), JSON.stringify(SCHEMA, undefined, 2));
  writeFileSync(join(cwd, "types/age.yaml"), "type: integer\nminimum: 0\n");
  writeFileSync(join(cwd, "api.yaml"), API);
  return cwd;
}

async function startValidating(
  validate: object = {},
  more: object = {},
): Promise<GatewayProcess & { cwd: string }> {
  const mock = await startMockProcess(stage, "A");
  const cwd = folderWithSchemas();
  const gateway = await startGateway(
    stage,
    {
      health_check: noHealthChecks,
      routes: [
        { path: "/echo", backends: [mock.url], validate: { body: "schema.json", ...validate } },
        {
          path: "/v1/*",
          backends: [mock.url],
          rewrite: "/echo",
          validate: { openapi: "api.yaml", ...validate },
        },
      ],
      ...more,
    },
    { cwd },
  );
  return { ...gateway, cwd };
}

const sending = (body: unknown, method = "POST"): RequestInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly unknown[];
}

async function problemOf(answer: Response): Promise<Problem> {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  return (await answer.json()) as Problem;
}

describe("content", () => {
  test("that is valid reaches the backend byte for byte, however it is sent", async () => {
    const gateway = await startValidating();
    const small = ' { "name" : "Ada",\n"age":1e0 } ';
    const large = JSON.stringify({ name: "Ada", pad: "x".repeat(300_000) });
    const inPieces = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (let at = 0; at < large.length; at += 50_000) {
          controller.enqueue(Buffer.from(large.slice(at, at + 50_000)));
          await Bun.sleep(1);
        }
        controller.close();
      },
    });
    for (const [sent, body] of [
      [small, small],
      [large, large],
      [large, inPieces],
    ] as const) {
      const answer = await ask(`${gateway.url}/echo`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expect(answer.status).toBe(200);
      const echo = (await answer.json()) as { body: string };
      expect(echo.body).toBe(sent);
    }
    const rows = await gateway.waitForRows(3);
    expect(rows.map((row) => row.bytes_in)).toEqual([small.length, large.length, large.length]);
  });

  test("that is not is answered 400 with every fault; the row has the first one", async () => {
    const gateway = await startValidating();
    const answer = await ask(
      `${gateway.url}/echo`,
      sending({ name: "A1", email: "hush", age: -1 }),
    );
    expect(answer.status).toBe(400);
    const problem = await problemOf(answer);
    expect(problem).toMatchObject({
      code: "invalid_request",
      detail: "#/name must match the pattern ^\\p{L}+$, and 2 more faults",
      errors: [
        { pointer: "#/name", detail: "must match the pattern ^\\p{L}+$" },
        { pointer: "#/email", detail: "must be of the format email" },
        { pointer: "#/age", detail: "must be at least 0" },
      ],
    });
    const [row] = await gateway.waitForRows(1);
    expect(row).toMatchObject({ error_code: "invalid_request", ended_by: "client", attempts: 0 });
    expect(row?.message).toStartWith("#/name must match the pattern");
    expect(JSON.stringify([row, gateway.lines.text])).not.toContain("hush");
  });

  test("can be sent again on the same connection after a refusal", async () => {
    const gateway = await startValidating({ max_body: 100 });
    const request = (body: string) =>
      `POST /echo HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(gateway.port, "127.0.0.1");
    stage.defer(() => socket.destroy());
    let received = "";
    socket.on("data", (piece: Buffer) => (received += piece.toString()));
    const statuses = () => [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    socket.write(request("{}"));
    await eventually(() => statuses().length === 1);
    socket.write(request('{"name":"Ada"}'));
    await eventually(() => statuses().length === 2);
    expect(statuses()).toEqual(["400", "200"]);
  });

  test("is asked for with 100 if the client waits for that, and only if it may be valid", async () => {
    const gateway = await startValidating();
    const converse = async (type: string) => {
      const socket = connect(gateway.port, "127.0.0.1");
      stage.defer(() => socket.destroy());
      let received = "";
      socket.on("data", (piece: Buffer) => (received += piece.toString()));
      socket.write(
        `POST /echo HTTP/1.1\r\nHost: g\r\nContent-Type: ${type}\r\nContent-Length: 14\r\nExpect: 100-continue\r\n\r\n`,
      );
      await eventually(() => received.includes("HTTP/1.1"));
      if (received.startsWith("HTTP/1.1 100")) socket.write('{"name":"Ada"}');
      await eventually(() => /HTTP\/1\.1 [2-5]/.test(received));
      return received;
    };
    expect(await converse("application/json")).toStartWith("HTTP/1.1 100");
    expect(await converse("text/plain")).toStartWith("HTTP/1.1 415");
  });

  test("whose sender leaves in the middle has its row, and nothing is left behind", async () => {
    const gateway = await startValidating();
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write(
      "POST /echo HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    );
    await Bun.sleep(50);
    socket.destroy();
    const [row] = await gateway.waitForRows(1);
    expect(row).toMatchObject({ status_code: 499, error_code: "client_closed", attempts: 0 });
  });

  test("that comes too slowly is given up", async () => {
    const gateway = await startValidating({}, { server: { timeouts: { request: "300ms" } } });
    const socket = connect(gateway.port, "127.0.0.1");
    stage.defer(() => socket.destroy());
    let received = "";
    socket.on("data", (piece: Buffer) => (received += piece.toString()));
    socket.write(
      "POST /echo HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    );
    await eventually(() => received.startsWith("HTTP/1.1 408"));
  });

  test.each([
    ["too large", sending({ name: "a".repeat(200) }), 413, "body_too_large"],
    [
      "of another type",
      { ...sending("x"), headers: { "content-type": "text/plain" } },
      415,
      "unsupported_media_type",
    ],
    [
      "encoded",
      {
        ...sending("x"),
        headers: { "content-type": "application/json", "content-encoding": "gzip" },
      },
      415,
      "unsupported_media_type",
    ],
    ["missing", { method: "POST" }, 400, "invalid_request"],
    ["ambiguous", sending('{"name":"a","name":"b"}'), 400, "invalid_request"],
    ["deep", sending(`{"a":${"[".repeat(50_000)}`), 413, "body_too_large"],
  ] as const)("that is %s is refused", async (_what, init, status, code) => {
    const gateway = await startValidating({ max_body: 100 });
    const answer = await ask(`${gateway.url}/echo`, init);
    expect(answer.status).toBe(status);
    expect((await problemOf(answer)).code).toBe(code);
  });
});

test("an OpenAPI document decides about paths, methods, parameters and content", async () => {
  const gateway = await startValidating();
  const status = async (path: string, init?: RequestInit) =>
    (await ask(`${gateway.url}${path}`, init)).status;
  expect(await status("/v1/users/7?fields=name,age&other=1")).toBe(200);
  expect(await status("/v1/users/7", { method: "HEAD" })).toBe(200);
  expect(await status("/v1/users/7", sending({ name: null }, "PATCH"))).toBe(200);
  expect(await status("/v1/nothing")).toBe(404);
  expect(await status("/v1/users/7", { method: "DELETE" })).toBe(405);
  expect(await status("/v1/users/7", sending({}, "PATCH"))).toBe(400);

  const answer = await ask(`${gateway.url}/v1/users/x?fields=name,hush`);
  expect(await problemOf(answer)).toMatchObject({
    detail: "the path parameter id must be an integer, and 1 more fault",
    errors: [
      { in: "path", parameter: "id", detail: "must be an integer" },
      { pointer: "#/1", in: "query", parameter: "fields", detail: 'must be one of "name", "age"' },
    ],
  });
});

test("HTTP/2 is validated in the same way, and the connection stays", async () => {
  const gateway = await startValidating();
  const session = http2Session(stage, gateway.url);
  const send = (content: string) =>
    answerOf(
      request(session, "/echo", { ":method": "POST", "content-type": "application/json" }, content),
    );
  const large = JSON.stringify({ name: "Ada", pad: "x".repeat(900_000) });
  const answers = await Promise.all([send("{}"), send(large), send('{"name":"Ada"}'), send(large)]);
  expect(answers.map(({ status }) => status)).toEqual([400, 200, 200, 200]);
  const echoed = answers
    .slice(1)
    .map(({ content }) => (JSON.parse(content) as { body: string }).body);
  expect(echoed).toEqual([large, '{"name":"Ada"}', large]);
  // What was put back has not been counted twice in the connection's window.
  for (let count = 0; count < 10; count += 1) expect((await send(large)).status).toBe(200);
});

test("in report mode everything passes, and lines say what is wrong", async () => {
  const gateway = await startValidating({ mode: "report", max_body: 100 });
  const large = JSON.stringify({ name: "Ada", pad: "x".repeat(100_000) });
  expect((await ask(`${gateway.url}/echo`, sending({ name: 1 }))).status).toBe(200);
  const answer = await ask(`${gateway.url}/echo`, sending(large));
  expect(((await answer.json()) as { body: string }).body).toBe(large);
  expect((await ask(`${gateway.url}/v1/nothing`)).status).toBe(200);
  await gateway.lines.waitFor(/\/echo: request \S+ is not valid: #\/name must be a string/);
  await gateway.lines.waitFor(
    /\/echo: request \S+ is not valid: content that is validated has at most 100 bytes/,
  );
  await gateway.lines.waitFor(
    /\/v1\/\*: request \S+ is not valid: the API has no operation at \/v1\/nothing/,
  );
});

test("files are read again when they change, and a broken one leaves the last one in force", async () => {
  const gateway = await startValidating();
  const status = async (age: unknown) =>
    (await ask(`${gateway.url}/echo`, sending({ name: "Ada", age }))).status;
  expect([await status(1), await status("old")]).toEqual([200, 400]);

  writeFileSync(join(gateway.cwd, "types/age.yaml"), "type: [number\n");
  await gateway.lines.waitFor(
    /schema\.json cannot be used, what was read before stays in force: .*age\.yaml:/,
  );
  expect([await status(1), await status("old")]).toEqual([200, 400]);

  writeFileSync(join(gateway.cwd, "types/age.yaml"), "enum: [old, young]\n");
  await gateway.lines.waitFor(/schema\.json has been read again/);
  expect([await status(1), await status("old")]).toEqual([400, 200]);
});

test("mistakes in schemas are errors of the configuration, with both places", async () => {
  const cwd = folderWithSchemas();
  writeFileSync(join(cwd, "schema.json"), '{\n  "type": "object",\n  "minProperties": -1\n}\n');
  writeFileSync(join(cwd, "api.yaml"), API.replace("type: integer", "type: int"));
  writeFileSync(
    join(cwd, "gateway.yaml"),
    `routes:
  - path: /a
    backends: ["http://127.0.0.1:1"]
    validate:
      body: schema.json
      openapi: api.yaml
`,
  );
  const { code, err } = await runToEnd(stage, ["check", "gateway.yaml"], { cwd });
  expect(code).toBe(1);
  expect(err).toContain(
    "gateway.yaml:5:13: error: schema.json:3:20: `minProperties` must be at least 0",
  );
  expect(err).toContain("gateway.yaml:6:16: error: api.yaml:6:72: `type` must be string, number");
});

test("what is turned on by defaults can be turned off by a route", async () => {
  const mock = await startMockProcess(stage, "A");
  const cwd = folderWithSchemas();
  const gateway = await startGateway(
    stage,
    {
      health_check: noHealthChecks,
      defaults: { validate: { body: "schema.json" } },
      routes: [
        { path: "/echo", backends: [mock.url] },
        { path: "/echo/free", backends: [mock.url], validate: false },
      ],
    },
    { cwd },
  );
  expect((await ask(`${gateway.url}/echo`, sending({}))).status).toBe(400);
  expect((await ask(`${gateway.url}/echo/free`, sending({}))).status).toBe(200);
});
