import { expect, test } from "bun:test";
import { ask, problemOf, serverOf } from "../support/ask.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
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

test("a killed backend is routed around, and taken back when it has returned", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    routes: [{ path: "/api/users/*", backends: [a.url, b.url] }],
  });
  expect(await serversOf(gateway, 4)).toEqual(["A", "B"]);

  a.kill("SIGKILL");
  await a.exited;
  const unhealthy = new RegExp(`WARN.*backend ${a.url} is unhealthy`);
  const noticed = gateway.lines.waitFor(unhealthy);
  const meanwhile = await statusesOf(gateway, 20);
  expect(meanwhile.filter((status) => status !== 200 && status !== 502)).toEqual([]);
  expect(await noticed).toMatch(/could not reach it|connection refused/);
  expect(await serversOf(gateway, 20)).toEqual(["B"]);

  await startMockProcess(stage, "A", ["--port", `${a.port}`]);
  const healthy = new RegExp(`INFO.*backend ${a.url} is healthy`);
  await gateway.lines.waitFor(healthy);
  expect(await serversOf(gateway, 4)).toEqual(["A", "B"]);

  expect(await gateway.stop()).toBe(0);
  expect(gateway.lines.matching(unhealthy)).toHaveLength(1);
  expect(gateway.lines.matching(healthy)).toHaveLength(1);
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

test("a route can have health checks of its own", async () => {
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
