import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { UsageError } from "../../../src/cli/command.ts";
import { explainCommand } from "../../../src/cli/explain/explain.ts";
import { compact } from "../../../src/cli/explain/text.ts";
import type { Explanation } from "../../../src/runtime/explain/explanation.ts";
import { createStage } from "../../support/stage.ts";
import { FakeConsole, given } from "./fake-console.ts";

const stage = createStage();

const CONFIG = `
logging: { database: DATABASE }
defaults: { retry: 2 }
routes:
  - { name: users, path: "/api/users/:id", deny: [10.0.0.0/8], backends: ["http://a.test", { url: "http://b.test", weight: 3 }] }
  - { path: /new, redirect: { to: /api/users/7, status: 302 } }
`;

async function explaining(
  operands: readonly string[],
  flags: Record<string, string> = {},
  lists: Record<string, string[]> = {},
  text = CONFIG,
) {
  const folder = stage.folder();
  const config = join(folder, "gateway.yaml");
  const database = join(folder, "gateway.db");
  await Bun.write(config, text.replace("DATABASE", database));
  if (flags["request"] !== undefined) fill(database);
  const console = new FakeConsole();
  const input = given({ operands: [...operands], flags: { config, ...flags }, lists });
  const code = await explainCommand.run(input, console);
  return { code, console, config, database };
}

async function complaintOf(running: Promise<unknown>): Promise<string> {
  try {
    await running;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
}

/** A log with two requests, of which one kept its fields. */
function fill(database: string): void {
  const db = new Database(database);
  db.run(
    `CREATE TABLE logs (id INTEGER PRIMARY KEY, timestamp TEXT, method TEXT, path TEXT, query TEXT, host TEXT,
       status_code INTEGER, client_ip TEXT, route TEXT, request_id TEXT, request_fields TEXT, configuration TEXT)`,
  );
  const insert = db.query(
    `INSERT INTO logs VALUES (?, '2026-01-01T00:00:00.000Z', 'GET', ?, '', 'a.test', 404, '10.0.0.7', ?, ?, ?, 'abcdefabcdef')`,
  );
  insert.run(1, "/api/users/7", "users", "id-1", '[["host","a.test"],["x-a","1"],["","2 more"]]');
  insert.run(2, "/nowhere", null, "id-2", null);
  db.close();
}

test("`explain` tells people what becomes of a request", async () => {
  const { code, console, config } = await explaining(["GET", "/api/users/7"]);
  expect(console.complaints).toBe("");
  expect(code).toBe(0);
  const lines = console.printed.replaceAll(config, "gateway.yaml");
  expect(lines).toBe(`GET http://localhost/api/users/7 from 127.0.0.1
GET /api/users/7 goes to "/api/users/:id" (users), with id = "7"
  route users  gateway.yaml:5

Other routes
  "/new" does not match: segment 1 is "api", not "new"

Policies, in this order
  1. deny (of the route)  gateway.yaml:5
       [10.0.0.0/8]

Backends of the route, by round_robin  gateway.yaml:5
  http://a.test  25%  weight 1
  http://b.test  75%  weight 3

What a backend gets
  GET /api/users/7
  host: localhost
  x-forwarded-for: 127.0.0.1
  x-forwarded-proto: http
  x-real-ip: 127.0.0.1
  x-request-id: explain
  via: 1.1 gateway
  x-forwarded-host: localhost

Settings
  timeouts.request: 30s  (default)
  timeouts.response: 30s  (default)
  timeouts.idle: 5m  (default)
  timeouts.exchange: 0  (default)
  max_body_size: 100MB  (default)
  retry: { attempts: 2, on: [connect, reset, timeout, 502, 503, 504], methods: [GET, HEAD, PUT, DELETE, OPTIONS], max_body: 64KiB, attempt_timeout: 0, backoff: 25ms, budget: 20% }  gateway.yaml:3, of defaults
`);
});

test("`explain` tells what a client gets that no backend is asked for", async () => {
  const redirected = await explaining(["GET", "/new"]);
  expect(redirected.code).toBe(0);
  expect(redirected.console.printed).toContain("What the client gets\n  status 302\n");
  const lost = await explaining(["GET", "/nowhere"]);
  expect(lost.code).toBe(1);
  expect(lost.console.printed).toContain(
    "is answered with 404: no route matches the path\n  status 404",
  );
});

test("`explain --json` prints the same as JSON", async () => {
  const { console } = await explaining(
    ["GET", "/api/users/7"],
    { json: "" },
    { header: ["x-a: 1"] },
  );
  const { route, sent } = JSON.parse(console.printed) as Explanation;
  expect(route?.id).toBe("users");
  expect(sent?.fields).toContainEqual(["x-a", "1"]);
});

test("`explain --request` takes a request of the log, with the fields that were kept", async () => {
  const { code, console } = await explaining([], { request: "id-1", json: "" });
  expect(code).toBe(0);
  const { request, sent, notes } = JSON.parse(console.printed) as Explanation;
  expect(request).toMatchObject({ method: "GET", host: "a.test", client: "10.0.0.7" });
  expect(sent?.fields).toContainEqual(["x-a", "1"]);
  expect(notes).toEqual([
    "request id-1 of 2026-01-01T00:00:00.000Z was answered with 404 by route users",
    "it was served by another configuration, abcdefabcdef; this is what the file says today",
  ]);
});

test("`explain --request` says when no fields were kept, and when there is no such request", async () => {
  const { console } = await explaining([], { request: "2", json: "" });
  expect((JSON.parse(console.printed) as Explanation).notes[1]).toStartWith(
    "its fields were not kept",
  );
  const missing = await explaining([], { request: "9" });
  expect(missing.code).toBe(1);
  expect(missing.console.complaints).toContain("has no request 9; `gateway logs` lists them");
});

test.each<[string[], Record<string, string>, Record<string, string[]>, string]>([
  [[], {}, {}, "takes a method and a URL, like `gateway explain GET /api/users`"],
  [["/a"], {}, {}, "like `gateway explain GET /a`"],
  [["GET", "a"], {}, {}, 'a URL begins with "/"'],
  [["GET", "/a"], { request: "1" }, {}, "--request ID is in place of METHOD and URL"],
  [["GET", "/a"], { client: "me" }, {}, "--client takes an IP address"],
  [["GET", "/a"], {}, { header: ["x"] }, "-H takes a name, a colon and a value"],
])(
  "`explain` with %j %j %j is an invalid command line",
  async (operands, flags, lists, message) => {
    expect(await complaintOf(explaining(operands, flags, lists))).toContain(message);
  },
);

test("`explain` does nothing by a configuration that is not valid", async () => {
  const { code, console } = await explaining(["GET", "/"], {}, {}, "routes: [{ path: a }]");
  expect(code).toBe(1);
  expect(console.complaints).toContain("is not valid, so nothing can be explained by it");
});

test("`explain` of a logged request says how it is shown without a valid configuration", async () => {
  const { code, console } = await explaining([], { request: "id-1" }, {}, "routes: 1\n");
  expect(code).toBe(1);
  expect(console.complaints).toContain("gateway logs show id-1 --database FILE");
});

test("values stand in one line as YAML has them", () => {
  const value = { a: [1, "two words", null], b: { c: true }, d: {} };
  expect(compact(value)).toBe('{ a: [1, "two words", null], b: { c: true }, d: {} }');
});

test("`explain --live` asks the running gateway, and says what it refuses", async () => {
  const asked: string[] = [];
  const explanation = { request: {}, notes: [], route: { id: "users" } };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ url }) {
      asked.push(decodeURIComponent(new URL(url).search));
      return asked.length === 1
        ? Response.json(explanation)
        : Response.json({ title: "Bad", status: 422, detail: "no such path" }, { status: 422 });
    },
  });
  stage.defer(() => server.stop(true));
  const flags = {
    live: "",
    json: "",
    admin: `http://127.0.0.1:${server.port}`,
    client: "10.0.0.1",
  };
  const answered = await explaining(["GET", "/a"], flags, { header: ["x-a: 1"] });
  expect(JSON.parse(answered.console.printed)).toEqual(explanation);
  expect(asked).toEqual(["?method=GET&url=/a&client=10.0.0.1&header=x-a:+1"]);
  const text = `admin: { listen: 127.0.0.1:${server.port} }${CONFIG}`;
  const refused = await explaining(["GET", "/a"], { live: "" }, {}, text);
  expect(refused.code).toBe(1);
  expect(refused.console.complaints).toBe("gateway: no such path\n");
});

test("`explain --live` needs an operator port", async () => {
  const text = `admin: { listen: "off" }${CONFIG}`;
  expect(await complaintOf(explaining(["GET", "/a"], { live: "" }, {}, text))).toContain(
    "the configuration has no operator port",
  );
});

test("`explain` of a file that is not valid names its faults", async () => {
  const { code, console } = await explaining(["GET", "/a"], {}, {}, "routes: 1\n");
  expect(code).toBe(1);
  expect(console.complaints).toContain("is not valid, so nothing can be explained by it");
});
