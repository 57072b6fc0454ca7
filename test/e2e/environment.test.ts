import { expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

test("a .env file in the working directory does not count", async () => {
  const cwd = stage.folder();
  await Bun.write(join(cwd, ".env"), "BACKEND=http://127.0.0.1:9\n");
  await Bun.write(join(cwd, "gateway.yaml"), 'routes: [{ path: /*, backends: ["${BACKEND}"] }]\n');

  const { code, err } = await runToEnd(stage, ["check"], { cwd });

  expect(code).toBe(1);
  expect(err).toContain("BACKEND");
});

test("a bunfig.toml in the working directory runs nothing", async () => {
  const cwd = stage.folder();
  await Bun.write(join(cwd, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  await Bun.write(join(cwd, "evil.ts"), 'await Bun.write("evil-was-here", "");\n');

  const { code } = await runToEnd(stage, ["version"], { cwd });

  expect(code).toBe(0);
  expect(await Bun.file(join(cwd, "evil-was-here")).exists()).toBe(false);
});

test("HTTP_PROXY in the environment diverts neither requests nor health checks", async () => {
  const mock = await startMockProcess(stage, "A");
  const diversion = await startRawBackend(stage, (request) => request.end());
  const proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
  const gateway = await startGateway(
    stage,
    {
      health_check: { interval: "100ms", unhealthy_after: 1 },
      routes: [{ path: "/api/users/*", backends: [mock.url] }],
    },
    { env: Object.fromEntries(proxies.map((name) => [name, diversion.url])) },
  );

  for (let sent = 0; sent < 5; sent += 1) {
    expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
  }

  expect(diversion.requests).toEqual([]);
  await gateway.stop();
  expect(gateway.lines.matching(/unhealthy/)).toEqual([]);
});

test("NODE_ENV in the environment changes nothing that a client sees", async () => {
  const mock = await startMockProcess(stage, "A");
  const routes = [{ path: "/api/users/*", backends: [mock.url] }];
  const answers = await Promise.all(
    ["development", "production", "test"].map(async (NODE_ENV) => {
      const gateway = await startGateway(stage, { routes }, { env: { NODE_ENV } });
      const response = await ask(`${gateway.url}/nowhere`);
      const { request_id: _, ...problem } = (await response.json()) as Record<string, unknown>;
      return { status: response.status, problem };
    }),
  );

  expect(answers[0]?.status).toBe(404);
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
});

test("options of the runtime in the environment are not taken for the gateway's own", async () => {
  const gateway = await startGateway(
    stage,
    { health_check: noHealthChecks, routes: [{ path: "/*", backends: ["http://127.0.0.1:9"] }] },
    { env: { BUN_OPTIONS: "--smol" } },
  );

  expect((await ask(`${gateway.url}/health`)).status).toBe(200);
});

test("more than 256 requests that wait for a backend do not hold up another", async () => {
  const SLOW = 300;
  const hanging = await startRawBackend(stage);
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/slow/*", backends: [hanging.url] },
      { path: "/api/users/*", backends: [mock.url] },
    ],
  });
  const all = Promise.withResolvers<void>();
  const arrivals = async () => {
    while (hanging.requests.length < SLOW) await hanging.next();
    all.resolve();
  };
  void arrivals();
  for (let id = 0; id < SLOW; id += 1) {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(message([`GET /slow/${id} HTTP/1.1`, "Host: gateway"]));
    stage.defer(() => socket.destroy());
  }
  await all.promise;

  expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
  expect(hanging.requests).toHaveLength(SLOW);
});
