import { expect, test } from "bun:test";
import { join } from "node:path";
import { stringify } from "yaml";
import { ask } from "../support/ask.ts";
import {
  type GatewayProcess,
  noHealthChecks,
  startGateway,
  type TestConfig,
} from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

interface Reloadable {
  readonly gateway: GatewayProcess;
  /** Puts other routes, and whatever else a test says, into the gateway's file. */
  readonly write: (config: object) => Promise<void>;
}

async function startReloadable(config: TestConfig): Promise<Reloadable> {
  const folder = stage.folder();
  const whole = { health_check: noHealthChecks, ...config };
  const gateway = await startGateway(stage, whole, { cwd: folder });
  return {
    gateway,
    async write(next) {
      const logging = { database: gateway.database };
      const server = { host: "127.0.0.1", port: 0 };
      await Bun.write(
        join(folder, "test-gateway.yaml"),
        stringify({ server, logging, health_check: noHealthChecks, ...next }),
      );
    },
  };
}

const manyRoutes = (backend: string, name: string) =>
  Array.from({ length: 3_000 }, (_, index) => ({
    path: `/${name}/${index}/*`,
    backends: [backend],
    rate_limit: 1_000,
  }));

test("every request during reloads of thousands of routes is answered, by one set or the other", async () => {
  const mock = await startMockProcess(stage, "A");
  const both = { path: "/api/users/*", backends: [mock.url] };
  const { gateway, write } = await startReloadable({
    routes: [both, ...manyRoutes(mock.url, "old")],
  });
  await write({ routes: [both, ...manyRoutes(mock.url, "new")] });

  gateway.kill("SIGHUP");
  const statuses: number[] = [];
  while (gateway.lines.matching(/new configuration in force/).length === 0) {
    const response = await ask(`${gateway.url}/api/users/1`);
    await response.bytes();
    statuses.push(response.status);
  }

  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  for (const path of ["/old/1/x", "/new/1/x"]) await (await ask(gateway.url + path)).bytes();
  const rows = await gateway.waitForRows(statuses.length + 2);
  expect(rows.slice(-2)).toMatchObject([{ route: null }, { route: "/new/1/*" }]);
});

test("reloads that are asked for together become one", async () => {
  const mock = await startMockProcess(stage, "A");
  const { gateway, write } = await startReloadable({ routes: manyRoutes(mock.url, "old") });
  await write({ routes: manyRoutes(mock.url, "new") });

  for (let sent = 0; sent < 5; sent += 1) {
    gateway.kill("SIGHUP");
    await ask(`${gateway.url}/health`);
  }
  await gateway.lines.waitFor(/new configuration in force/);

  expect(await gateway.stop()).toBe(0);
  expect(gateway.lines.matching(/new configuration in force/).length).toBeLessThanOrEqual(2);
});

test("a longer timeout lets a request wait longer than the one it replaces", async () => {
  const backend = await startRawBackend(stage);
  const config = (response: string, more: TestConfig["routes"] = []): TestConfig => ({
    server: { timeouts: { response } },
    health_check: noHealthChecks,
    routes: [{ path: "/slow", backends: [backend.url] }, ...more],
  });
  const gateway = await startGateway(stage, config("100ms"));
  expect((await ask(`${gateway.url}/slow`)).status).toBe(504);

  const hasty = { path: "/hasty", backends: [backend.url], timeouts: { response: "300ms" } };
  await gateway.reload(config("1m", [hasty]));
  const arrived = backend.next();
  const slow = ask(`${gateway.url}/slow`);
  const request = await arrived;
  // Begun later, and over its time: so the first has waited for more than the old timeout.
  expect((await ask(`${gateway.url}/hasty`)).status).toBe(504);
  request.send(answer([], "late but whole"));

  expect(await (await slow).text()).toBe("late but whole");
  const rows = await gateway.waitForRows(3);
  expect(rows.map(({ status_code }) => status_code)).toEqual([504, 504, 200]);
});

test("a file that is gone is reported, and the gateway serves on", async () => {
  const mock = await startMockProcess(stage, "A");
  const folder = stage.folder();
  const gateway = await startGateway(
    stage,
    { routes: [{ path: "/api/users/*", backends: [mock.url] }] },
    { cwd: folder },
  );
  await Bun.file(join(folder, "test-gateway.yaml")).delete();

  gateway.kill("SIGHUP");
  await gateway.lines.waitFor(/no such file; keeping the current configuration/);

  expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
});

test("another address, format and token take effect, and exchanges in flight finish at the old address", async () => {
  const backend = await startRawBackend(stage);
  const { gateway, write } = await startReloadable({
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const arrived = backend.next();
  const response = ask(`${gateway.url}/slow`);
  const request = await arrived;
  await write({
    server: { host: "localhost", port: 0 },
    admin: { listen: new URL(gateway.adminUrl).host, token: "s3cret" },
    logging: { database: gateway.database, format: "json" },
    routes: [{ path: "/other", backends: [backend.url] }],
  });

  gateway.kill("SIGHUP");
  const moved = JSON.parse(await gateway.lines.waitFor(/"listening on/));
  const url = moved.message.replace("listening on ", "");

  expect((await ask(`${url}/slow`)).status).toBe(404);
  expect((await ask(`${gateway.adminUrl}/admin/log`)).status).toBe(401);
  request.send(answer(["Content-Type: text/plain"], "late but whole"));
  request.end();
  expect(await (await response).text()).toBe("late but whole");
  expect(await gateway.stop()).toBe(0);
  expect(gateway.rows()).toHaveLength(2);
});
