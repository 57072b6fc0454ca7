import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { askRaw, message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

test("the log has as many rows as there were requests, one for each, with its own outcome", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/api/users/*", methods: ["GET", "POST"], backends: [mock.url] }],
  });
  const host = new URL(gateway.url).host;
  const content = JSON.stringify({ name: "Ada" });

  const got = await ask(`${gateway.url}/api/users/7?fields=name`, {
    headers: { "User-Agent": "tester/1.0" },
  });
  const gotBytes = (await got.bytes()).length;
  const posted = await ask(`${gateway.url}/api/users/8`, { method: "POST", body: content });
  await ask(`${gateway.url}/nowhere`);
  await ask(`${gateway.url}/api/users/8`, { method: "DELETE" });

  const [first, second, third, fourth] = await gateway.waitForRows(4);
  expect(first).toMatchObject({
    source: "gateway",
    level: "INFO",
    method: "GET",
    path: "/api/users/7",
    query: "?fields=name",
    status_code: 200,
    client_ip: "127.0.0.1",
    user_agent: "tester/1.0",
    backend: mock.url,
    route: "/api/users/*",
    request_id: got.headers.get("x-request-id") ?? "",
    bytes_in: 0,
    bytes_out: gotBytes,
    attempts: 1,
    error_code: null,
    host,
  });
  expect(first?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(first?.latency_ms).toBeGreaterThan(0);
  expect(first?.ttfb_ms).toBeGreaterThan(0);
  expect(first?.ttfb_ms ?? 0).toBeLessThanOrEqual(first?.latency_ms ?? 0);
  expect(second).toMatchObject({
    method: "POST",
    status_code: posted.status,
    bytes_in: content.length,
  });
  expect(third).toMatchObject({
    level: "WARN",
    path: "/nowhere",
    status_code: 404,
    error_code: "route_not_found",
    route: null,
    backend: "",
    attempts: 0,
    ttfb_ms: null,
  });
  expect(fourth).toMatchObject({
    method: "DELETE",
    status_code: 405,
    error_code: "method_not_allowed",
  });
});

test("refused requests have rows like all others", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    rate_limiting: { requests_per_second: "1/h", burst: 5 },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  await Promise.all(Array.from({ length: 40 }, () => ask(`${gateway.url}/api/users/1`)));

  const rows = await gateway.waitForRows(40);
  expect(rows.filter(({ status_code }) => status_code === 200)).toHaveLength(5);
  const refused = rows.filter(({ status_code }) => status_code === 429);
  expect(refused).toHaveLength(35);
  expect(new Set(refused.map(({ error_code }) => error_code))).toEqual(new Set(["rate_limited"]));
});

test("a bad Host, an unknown backend and the gateway's own pages have rows", async () => {
  const mock = await startMockProcess(stage, "A");
  mock.kill("SIGKILL");
  await mock.exited;
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  await askRaw(gateway.port, ["GET /api/users/1 HTTP/1.1", "Host: a b"]);
  await ask(`${gateway.url}/api/users/1`);
  await ask(`${gateway.url}/health`);

  const rows = await gateway.waitForRows(3);
  expect(
    rows.map(({ status_code, error_code, ended_by }) => [status_code, error_code, ended_by]),
  ).toEqual([
    [400, "invalid_host", "client"],
    [502, "backend_unreachable", "backend"],
    [200, null, null],
  ]);
});

test("a request whose client leaves before the answer has a row with status 499", async () => {
  const backend = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/slow/*", backends: [backend.url] }],
  });
  const arrived = backend.next();
  const client = connect(gateway.port, "127.0.0.1");
  client.write(message(["GET /slow/1 HTTP/1.1", "Host: gateway"]));
  const request = await arrived;

  client.destroy();

  const [row] = await gateway.waitForRows(1);
  expect(row).toMatchObject({
    status_code: 499,
    error_code: "client_closed",
    ended_by: "client",
    path: "/slow/1",
  });
  await request.closed;
});

test("a request whose client leaves in the middle of the answer has a row with status 499", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/sse", backends: [mock.url] }],
  });
  const client = connect(gateway.port, "127.0.0.1");
  client.write(message(["GET /sse?interval=10ms HTTP/1.1", "Host: gateway"]));
  await new Promise((resolve) => {
    client.once("data", resolve);
  });

  client.destroy();

  const [row] = await gateway.waitForRows(1);
  expect(row).toMatchObject({ status_code: 499, error_code: "client_closed" });
  expect(row?.bytes_out).toBeGreaterThan(0);
});

test("every request that was answered has a row, though SIGTERM came under load", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });
  const answered: string[] = [];
  const enough = Promise.withResolvers<void>();
  const client = async () => {
    for (;;) {
      const response = await ask(`${gateway.url}/api/users/1`);
      await response.bytes();
      answered.push(response.headers.get("x-request-id") ?? "");
      if (answered.length === 500) enough.resolve();
    }
  };
  const clients = Array.from({ length: 20 }, () => client().catch(() => undefined));
  await enough.promise;

  const code = await gateway.stop();

  await Promise.all(clients);
  expect(code).toBe(0);
  const logged = new Set(gateway.rows().map(({ request_id }) => request_id));
  expect(answered.filter((id) => !logged.has(id))).toEqual([]);
  expect(gateway.rows()).toHaveLength(logged.size);
});

test("rows survive kill -9, and the next gateway adds to them", async () => {
  const mock = await startMockProcess(stage, "A");
  const cwd = stage.folder();
  const routes = [{ path: "/api/users/*", backends: [mock.url] }];
  const first = await startGateway(stage, { routes }, { cwd });
  for (let sent = 0; sent < 10; sent += 1) await ask(`${first.url}/api/users/${sent}`);
  await first.waitForRows(10);
  first.kill("SIGKILL");
  await first.exited;

  const second = await startGateway(stage, { routes }, { cwd });
  await ask(`${second.url}/api/users/10`);

  const rows = await second.waitForRows(11);
  expect(rows.map(({ path }) => path)).toEqual(
    Array.from({ length: 11 }, (_, id) => `/api/users/${id}`),
  );
});

test("a database that cannot be opened is complained of, and requests go on", async () => {
  const mock = await startMockProcess(stage, "A");
  const database = join(stage.folder(), "a-link.db");
  symlinkSync(join(stage.folder(), "nowhere", "gateway.db"), database);
  const gateway = await startGateway(stage, {
    logging: { database },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
  expect(await gateway.lines.waitFor(/access log/)).toContain(database);
});

async function lineOf(gateway: GatewayProcess, pattern: RegExp): Promise<string> {
  return gateway.lines.waitFor(pattern);
}

test("each request has a line on standard output, with a level by its status", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/*", backends: [mock.url] }],
  });
  const time = String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

  const answer = await ask(`${gateway.url}/api/users/1`);
  const id = answer.headers.get("x-request-id") ?? "";
  await ask(`${gateway.url}/status/404`);
  await ask(`${gateway.url}/status/503`);

  await lineOf(
    gateway,
    new RegExp(
      `${time} \\[INFO\\] GET /api/users/1 - 200 \\(\\d+ms\\) - Backend: ${mock.url} - Client: 127.0.0.1 - Id: ${id}$`,
    ),
  );
  await lineOf(gateway, new RegExp(`${time} \\[WARN\\] GET /status/404 - 404 `));
  await lineOf(gateway, new RegExp(`${time} \\[ERROR\\] GET /status/503 - 503 `));
});

test("`logging.format: json` writes a JSON object a line", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    logging: { format: "json" },
    routes: [{ path: "/*", backends: [mock.url] }],
  });

  await ask(`${gateway.url}/api/users/1`);

  const line = await gateway.lines.waitFor(/"path":"\/api\/users\/1"/);
  expect(JSON.parse(line)).toMatchObject({ level: "info", method: "GET", status_code: 200 });
  expect(gateway.lines.all.every((text) => typeof JSON.parse(text) === "object")).toBe(true);
});

test("the counts of rows are shown to the operator", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/*", backends: [mock.url] }],
  });
  await Promise.all(Array.from({ length: 5 }, () => ask(`${gateway.url}/api/users/1`)));
  await gateway.waitForRows(5);

  const counts = await eventually(async () => {
    const answer = (await (await ask(`${gateway.url}/admin/log`)).json()) as { written: number };
    return answer.written >= 5 && answer;
  });

  expect(counts).toMatchObject({ dropped: 0 });
});
