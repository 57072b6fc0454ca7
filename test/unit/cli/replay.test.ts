import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { aligned } from "../../../src/cli/replay/aligned.ts";
import { replay } from "../../../src/cli/replay/replay.ts";
import { writeKeptContent } from "../../../src/pipeline/kept-content.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { record, temporaryDirectory, writeLog } from "../telemetry/access-log/support.ts";
import { FakeConsole, given, piped, refusal, typed } from "./fake-console.ts";

const at = temporaryDirectory();
let backend: Bun.Server<undefined>;
let url = "";
let bodies: string[] = [];

beforeEach(() => {
  bodies = [];
  backend = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      bodies.push(await request.text());
      const token = request.headers.get("authorization") ?? "none";
      return Response.json(
        { a: 1, b: 3, token, long: "x".repeat(200) },
        { headers: { "x-new": "1" } },
      );
    },
  });
  url = `http://127.0.0.1:${backend.port}`;
});

afterEach(() => backend.stop(true));

function databaseWith(changes: Partial<ExchangeRecord> = {}): string {
  return writeLog(at("gateway.db"), [
    record({ backend: url, query: "", bytesIn: 0, requestId: "the-id", ...changes }),
  ]);
}

const KEPT: Partial<ExchangeRecord> = {
  responseFields: JSON.stringify([
    ["content-type", "application/json"],
    ["x-old", "\u001B[2J"],
  ]),
  responseBody: writeKeptContent({ type: "application/json", bytes: 13, text: '{"a":1,"b":2}' }),
};

async function run(
  flags: Record<string, string>,
  options: ConstructorParameters<typeof FakeConsole>[0] = {},
  { id = "1", lists = {} }: { id?: string; lists?: Record<string, string[]> } = {},
) {
  const console = new FakeConsole(options);
  const code = await replay.run(given({ operands: [id], flags, lists }), console);
  return { code, printed: console.printed, complaints: console.complaints };
}

test("both answers stand next to each other", async () => {
  const { code, printed, complaints } = await run({ database: databaseWith(KEPT) }, { width: 100 });
  expect([code, complaints]).toEqual([0, ""]);
  const lines = printed.split("\n");
  expect(lines[0]).toBe(`row 1: GET ${url}/api/users/1`);
  expect(printed).toMatch(/^ +LOGGED +REPLAYED$/m);
  expect(printed).toMatch(/^status +200 +200$/m);
  expect(printed).toMatch(/^x-new +- +\| 1$/m);
  expect(printed).toMatch(/^content +\{ +\{$/m);
  expect(printed).toMatch(/^ +"b": 2 +\| +"b": 3,$/m);
  expect(printed).toMatch(/^x-old +\\x1b\[2J +\| -$/m);
});

test.each([40, 60, 200])("no line is longer than a terminal of %i places", async (width) => {
  const { printed } = await run({ database: databaseWith(KEPT) }, { width });
  const [, ...rest] = printed.split("\n").filter((line) => !line.startsWith("note"));
  for (const line of rest) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
});

test("what was not kept is said, and colour only where it may be", async () => {
  const { printed } = await run({ database: databaseWith() }, { color: { out: true }, width: 80 });
  expect(printed).toContain("(fields were not kept)");
  expect(printed).toContain("(content was not kept)");
  expect(printed).toContain("\u001B[2mnote: ");
});

test("a row is found by its request's id, and the result can be JSON", async () => {
  const { printed } = await run(
    { database: databaseWith(KEPT), json: "true" },
    {},
    { id: "the-id" },
  );
  expect(JSON.parse(printed)).toMatchObject({
    id: 1,
    request: { method: "GET", url: `${url}/api/users/1` },
    logged: { status: 200 },
    replayed: { status: 200 },
    differences: { status: false, content: true },
  });
});

test("fields, parameters and content can be given", async () => {
  const lists = { header: ["Authorization: Bearer a", "X-A:"], "set-query": ["q=1"] };
  const flags = {
    database: databaseWith({ method: "POST" }),
    yes: "true",
    json: "true",
    to: `${url}/v2`,
    body: "-",
    insecure: "true",
  };
  const { printed } = await run(flags, { input: piped("sent") }, { lists });
  expect(JSON.parse(printed)).toMatchObject({
    request: { url: `${url}/v2/api/users/1?q=1`, bytes: 4 },
  });
  expect(bodies).toEqual(["sent"]);
});

describe("a method that may change something", () => {
  test("is sent when somebody says yes", async () => {
    const database = databaseWith({ method: "POST" });
    const input = typed("yes");
    expect((await run({ database }, { input })).code).toBe(0);
    expect(input.prompts).toEqual(["POST may change something at the backend. Send it? (yes/no) "]);
    expect((await run({ database }, { input: typed("no") })).code).toBe(1);
    expect((await run({ database, yes: "true" })).code).toBe(0);
    expect(bodies.length).toBe(2);
  });

  test("is not sent where nobody can be asked", async () => {
    const { code, complaints } = await run({ database: databaseWith({ method: "POST" }) });
    expect([code, complaints]).toEqual([
      1,
      "gateway: POST may change something at the backend; `--yes` sends it\n",
    ]);
  });
});

test("a backend that does not answer is an outcome, with code 1", async () => {
  const closed = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const to = `http://127.0.0.1:${closed.port}`;
  closed.stop(true);
  const { code, printed } = await run({ database: databaseWith(), to });
  expect(code).toBe(1);
  expect(printed).toMatch(/^status +200 +\| no answer$/m);
});

test("without a row, a file or a valid configuration nothing is sent", async () => {
  const unknown = await run({ database: databaseWith() }, {}, { id: "99" });
  expect(unknown).toMatchObject({
    code: 1,
    complaints: expect.stringContaining("has no request 99"),
  });
  const missing = await run({ database: at("none.db") });
  expect(missing).toMatchObject({ code: 1, complaints: expect.stringContaining("none.db") });
  const config = at("gateway.yaml");
  await Bun.write(config, "routes: 1");
  expect((await run({ config })).code).toBe(1);
});

test("the configuration names the log and the route", async () => {
  const config = at("gateway.yaml");
  const route = { path: "/api/users/*", backends: [url], strip_prefix: "/api" };
  const logging = { database: databaseWith() };
  await Bun.write(config, JSON.stringify({ logging, routes: [route] }));
  const { printed } = await run({ config, json: "true" });
  expect(JSON.parse(printed)).toMatchObject({ request: { url: `${url}/users/1` } });
});

test("an invalid command line is refused", async () => {
  const refused = (flags: Record<string, string>, lists: Record<string, string[]> = {}) =>
    refusal(() => run({ database: "a.db", ...flags }, {}, { lists }));
  expect(await refusal(() => replay.run(given(), new FakeConsole()))).toContain("takes the id");
  expect(await refused({ insecure: "true" })).toContain("belongs to --to");
  expect(await refused({}, { header: ["nothing"] })).toContain("-H takes a field");
  expect(await refused({}, { "set-query": ["nothing"] })).toContain("--set-query takes NAME=VALUE");
  expect(await refused({ body: at("nothing") })).toContain("cannot read");
});

test("lines of two texts stand next to each other where they are alike", () => {
  expect(aligned(["a", "b", "c"], ["a", "x", "c", "d"])).toEqual([
    ["a", "a"],
    ["b", "x"],
    ["c", "c"],
    [undefined, "d"],
  ]);
  expect(aligned([], ["a"])).toEqual([[undefined, "a"]]);
  expect(aligned(["a", "b"], ["b"])).toEqual([
    ["a", undefined],
    ["b", "b"],
  ]);
});
