import { expect, test } from "bun:test";
import { ask, problemOf, serverOf } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const quickChecks = { interval: "100ms", timeout: "2s", unhealthy_after: 2, healthy_after: 1 };

async function statusesOf(gateway: GatewayProcess, count: number): Promise<number[]> {
  const answers = Array.from({ length: count }, () => ask(`${gateway.url}/api/users/1`));
  return (await Promise.all(answers)).map(({ status }) => status);
}

async function serversOf(gateway: GatewayProcess, count: number): Promise<string[]> {
  const servers = new Set<string>();
  for (let sent = 0; sent < count; sent += 1) {
    servers.add(await serverOf(ask(`${gateway.url}/api/users/1`)));
  }
  return [...servers].sort();
}

test("a killed backend costs nobody a request, and is taken back when it has returned", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/api/users/*", backends: [a.url, b.url] }],
  });
  expect(await serversOf(gateway, 20)).toEqual(["A", "B"]);

  a.kill("SIGKILL");
  await a.exited;
  const statuses: number[] = [];
  for (const count of [1, 1, 1, 10, 40]) statuses.push(...(await statusesOf(gateway, count)));
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  const unhealthy = new RegExp(`WARN.*backend ${a.url} is unhealthy`);
  expect(await gateway.lines.waitFor(unhealthy)).toMatch(
    `the last 3 requests could not reach it (the backend refuses connections); it gets no requests until GET ${a.url}/health succeeds`,
  );
  expect(await serversOf(gateway, 20)).toEqual(["B"]);

  await startMockProcess(stage, "A", ["--port", `${a.port}`]);
  const healthy = new RegExp(`INFO.*backend ${a.url} is healthy again`);
  await gateway.lines.waitFor(healthy);
  expect(await serversOf(gateway, 20)).toEqual(["A", "B"]);

  expect(await gateway.stop()).toBe(0);
  expect(gateway.lines.matching(unhealthy)).toHaveLength(1);
  expect(gateway.lines.matching(healthy)).toHaveLength(1);
});

test("a backend killed under load costs only requests that it may have acted on", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/echo", backends: [a.url, b.url] }],
  });
  const failures: unknown[] = [];
  let answered = 0;
  const over = new AbortController();
  const repeat = async (init: RequestInit) => {
    while (!over.signal.aborted) {
      const response = await ask(`${gateway.url}/echo`, init);
      if (response.status !== 200) failures.push((await problemOf(response))["code"]);
      answered += 1;
    }
  };
  const uploads = { method: "POST", body: "x".repeat(2_000) };
  const clients = Array.from({ length: 12 }, (_, index) => repeat(index % 3 === 0 ? uploads : {}));
  await eventually(() => answered > 500);
  a.kill("SIGKILL");
  await gateway.lines.waitFor(/is unhealthy/);
  const before = answered;
  await eventually(() => answered > before + 500);
  over.abort();
  await Promise.all(clients);

  const mayHaveActed = new Set<unknown>(["backend_connection_closed", "backend_answer_incomplete"]);
  expect(failures.filter((code) => !mayHaveActed.has(code))).toEqual([]);
  expect(failures.length).toBeLessThanOrEqual(clients.length);
});

test("uploads, which may not be sent twice, go to the other backend when one is dead", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  a.kill("SIGKILL");
  await a.exited;
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/echo", backends: [a.url, b.url] }],
  });
  const body = "x".repeat(10_000);
  for (let sent = 0; sent < 10; sent += 1) {
    const response = await ask(`${gateway.url}/echo`, { method: "POST", body });
    expect(response.status).toBe(200);
  }
  expect(gateway.lines.matching(/unhealthy/)).toEqual([]);
});

test("the only backend of a route, once it is dead, gets 502 three times and then 503", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });
  expect(await statusesOf(gateway, 1)).toEqual([200]);
  mock.kill("SIGKILL");
  await mock.exited;

  const statuses: number[] = [];
  for (let sent = 0; sent < 5; sent += 1) statuses.push(...(await statusesOf(gateway, 1)));

  expect(statuses).toEqual([502, 502, 502, 503, 503]);
  await startMockProcess(stage, "A", ["--port", `${mock.port}`]);
  await gateway.lines.waitFor(/is healthy again/);
  expect(await statusesOf(gateway, 1)).toEqual([200]);
});

/** A service that has its own pages and answers everything else with a status. */
function startService(status: string) {
  return startRawBackend(stage, (request) => {
    const isPage = request.lines[0]?.startsWith("GET /api/") === true;
    request.send(isPage ? answer([], "hello") : answer(["Location: /login"], "", status));
    request.end();
  });
}

test("a service without a page for health checks stays in, and one line says what to do", async () => {
  const service = await startService("404 Not Found");
  const gateway = await startGateway(stage, {
    health_check: { interval: "100ms", unhealthy_after: 1 },
    routes: [{ path: "/api/users/*", backends: [service.url] }],
  });
  const line = await gateway.lines.waitFor(/has no page for health checks/);
  expect(line).toContain(`WARN] backend ${service.url}`);
  expect(line).toContain(`GET ${service.url}/health answered 404`);
  expect(line).toContain("`health_check.path`");
  await eventually(() => service.requests.length >= 4);

  expect(await statusesOf(gateway, 5)).toEqual([200, 200, 200, 200, 200]);
  expect(gateway.lines.matching(/has no page for health checks/)).toHaveLength(1);
  expect(gateway.lines.matching(/is unhealthy/)).toEqual([]);
});

test("a service without the page that was chosen goes out, with a line that says why", async () => {
  const service = await startService("404 Not Found");
  const gateway = await startGateway(stage, {
    health_check: { path: "/health", interval: "100ms", unhealthy_after: 2 },
    routes: [{ path: "/api/users/*", backends: [service.url] }],
  });
  const line = await gateway.lines.waitFor(/is unhealthy after 2 failed checks/);
  expect(line).toContain(`GET ${service.url}/health answered 404; if the service has no such page`);
  expect(line).toContain("`health_check.path`");
  expect(await statusesOf(gateway, 1)).toEqual([503]);
});

test.each([
  ["302 Found", 'answered 302 with Location "/login"; redirects are not followed'],
  ["401 Unauthorized", "answered 401; checks send no credentials"],
  ["400 Bad Request", "answered 400; some services answer this to an unknown Host"],
])("a check that is answered %s says what came and what to do", async (status, what) => {
  const service = await startService(status);
  const gateway = await startGateway(stage, {
    health_check: { interval: "100ms", unhealthy_after: 1 },
    routes: [{ path: "/api/users/*", backends: [service.url] }],
  });
  const line = await gateway.lines.waitFor(/is unhealthy after 1 failed check:/);
  expect(line).toContain(`GET ${service.url}/health ${what}`);
});

test("a reload keeps the turns of backends and their requests in flight", async () => {
  const slow = await startRawBackend(stage);
  const b = await startMockProcess(stage, "B");
  const config = {
    health_check: noHealthChecks,
    routes: [{ path: "/api/users/*", backends: [{ url: slow.url, max_in_flight: 1 }, b.url] }],
  };
  const gateway = await startGateway(stage, config);
  const first = slow.next();
  const held = ask(`${gateway.url}/api/users/1`);
  const request = await first;

  await gateway.reload({ ...config, cors: { enabled: true } });
  expect(await serversOf(gateway, 6)).toEqual(["B"]);
  await gateway.reload({
    ...config,
    routes: [
      { path: "/api/users/*", backends: [{ url: slow.url, max_in_flight: 1, weight: 5 }, b.url] },
    ],
  });
  expect(await serversOf(gateway, 6)).toEqual(["B"]);
  expect(slow.requests).toHaveLength(1);

  request.send(answer([], "late"));
  request.end();
  expect(await (await held).text()).toBe("late");
});

test("a backend that says that it is unwell gets no requests until it is better", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    routes: [{ path: "/api/users/*", backends: [a.url, b.url] }],
  });

  await ask(`${b.url}/health/down`, { method: "POST" });
  expect(await gateway.lines.waitFor(/is unhealthy/)).toContain("answered 503");
  expect(await serversOf(gateway, 6)).toEqual(["A"]);

  await ask(`${b.url}/health/up`, { method: "POST" });
  await gateway.lines.waitFor(/is healthy/);
  expect(await serversOf(gateway, 4)).toEqual(["A", "B"]);
});

test("with no healthy backend left the answer is 503, as a problem", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });
  mock.kill("SIGKILL");
  await gateway.lines.waitFor(/is unhealthy/);

  const response = await ask(`${gateway.url}/api/users/1`);

  expect(response.status).toBe(503);
  expect(response.headers.get("proxy-status")).toContain("error=destination_unavailable");
  expect(await problemOf(response)).toMatchObject({
    code: "no_healthy_backend",
    title: "Service unavailable",
  });
  expect((await gateway.waitForRows(1))[0]).toMatchObject({ status_code: 503, attempts: 0 });
});

test("a backend that several routes share is checked once, and logged once", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    routes: [
      { path: "/api/users/*", backends: [mock.url] },
      { path: "/api/orders/*", backends: [mock.url] },
    ],
  });
  mock.kill("SIGKILL");
  await gateway.lines.waitFor(/is unhealthy/);

  expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(503);
  expect((await ask(`${gateway.url}/api/orders/1`)).status).toBe(503);
  await gateway.stop();
  expect(gateway.lines.matching(/is unhealthy/)).toHaveLength(1);
});

test("a route can have its own health checks", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    routes: [
      { path: "/api/users/*", backends: [mock.url] },
      { path: "/api/orders/*", backends: [mock.url], health_check: { path: "/status/500" } },
    ],
  });
  await gateway.lines.waitFor(
    /is unhealthy after 2 failed checks: GET \S+\/status\/500 answered 500/,
  );

  expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
  expect((await ask(`${gateway.url}/api/orders/1`)).status).toBe(503);
});

test("a backend that is not there yet is found as soon as it is", async () => {
  const first = await startMockProcess(stage, "A");
  first.kill("SIGKILL");
  await first.exited;
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    routes: [{ path: "/api/users/*", backends: [first.url] }],
  });
  await gateway.lines.waitFor(/is unhealthy/);

  await startMockProcess(stage, "A", ["--port", `${first.port}`]);
  await gateway.lines.waitFor(/is healthy/);

  expect(await serversOf(gateway, 1)).toEqual(["A"]);
});
