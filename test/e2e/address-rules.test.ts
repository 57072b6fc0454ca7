import { beforeAll, afterAll, describe, expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
let gateway: GatewayProcess;
/** The same rules, and nobody is trusted. */
let direct: GatewayProcess;

beforeAll(async () => {
  const mock = await startMockProcess(stage, "A");
  const config = {
    health_check: noHealthChecks,
    defaults: { deny: ["198.51.100.0/24"] },
    routes: [
      { path: "/open/*", deny: false, rewrite: "/echo", backends: [mock.url] },
      { path: "/api/*", rewrite: "/echo", backends: [mock.url], cors: {} },
      {
        path: "/admin/*",
        allow: "10.0.0.0/8, 2001:db8::/32",
        rewrite: "/echo",
        backends: [mock.url],
        cors: {},
      },
      { path: "/ws", allow: "10.0.0.0/8", rewrite: "/echo", backends: [mock.url] },
      { path: "/here", allow: "127.0.0.1", respond: 200 },
    ],
  };
  gateway = await startGateway(stage, { ...config, server: { trusted_proxies: ["127.0.0.1"] } });
  direct = await startGateway(stage, config);
});

const from = (client: string) => ({ headers: { "x-forwarded-for": client } });

describe("a client's address decides", () => {
  test.each([
    ["/api/echo", "198.51.100.7", 403],
    ["/api/echo", "::ffff:198.51.100.7", 403],
    ["/api/echo", "198.51.101.7", 200],
    ["/open/echo", "198.51.100.7", 200],
    ["/admin/echo", "10.1.2.3", 200],
    ["/admin/echo", "2001:db8::7", 200],
    ["/admin/echo", "192.0.2.1", 403],
    ["/admin/echo", "2001:db9::7", 403],
    ["/admin/echo", "192.0.2.1, 10.1.2.3", 200],
    ["/admin/echo", "10.1.2.3, 192.0.2.1", 403],
    ["/here", "127.0.0.1", 200],
  ])("on %s, from %s: %p", async (path, client, status) => {
    expect((await ask(`${gateway.url}${path}`, from(client))).status).toBe(status);
  });

  test("and no field of its own making does", async () => {
    const answer = await ask(`${direct.url}/admin/echo`, {
      headers: {
        "x-forwarded-for": "10.1.2.3",
        "x-real-ip": "10.1.2.3",
        forwarded: "for=10.1.2.3",
      },
    });
    expect(answer.status).toBe(403);
    expect((await ask(`${direct.url}/here`)).status).toBe(200);
  });
});

test("a refused client gets a problem, and the row says who it was", async () => {
  const strict = await startGateway(stage, {
    routes: [{ path: "/*", deny: "127.0.0.0/8", respond: 200 }],
  });
  const problem = await problemOf(await ask(strict.url));
  expect(problem).toMatchObject({ status: 403, code: "address_denied" });
  const [row] = await strict.waitForRows(1);
  expect(row).toMatchObject({
    status_code: 403,
    client_ip: "127.0.0.1",
    error_code: "address_denied",
    ended_by: "client",
  });
});

test("preflights and upgrades are refused as well", async () => {
  const preflight = await ask(`${gateway.url}/admin/echo`, {
    method: "OPTIONS",
    headers: {
      "x-forwarded-for": "192.0.2.1",
      origin: "https://app.example.com",
      "access-control-request-method": "PUT",
    },
  });
  expect(preflight.status).toBe(403);
  expect(preflight.headers.has("access-control-allow-methods")).toBe(false);
  const upgrade = await ask(`${gateway.url}/ws`, {
    headers: {
      "x-forwarded-for": "192.0.2.1",
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    },
  });
  expect(upgrade.status).toBe(403);
});

test("rules that a reload changes hold for the next request of an open connection", async () => {
  const changing = await startGateway(stage, {
    routes: [{ path: "/*", allow: "127.0.0.1", respond: 200 }],
  });
  expect((await ask(changing.url)).status).toBe(200);
  await changing.reload({ routes: [{ path: "/*", deny: "127.0.0.1", respond: 200 }] });
  expect((await ask(changing.url)).status).toBe(403);
});
