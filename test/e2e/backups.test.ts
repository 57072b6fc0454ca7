import { expect, test } from "bun:test";
import { ask, serverOf } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const quickChecks = { interval: "100ms", timeout: "2s", unhealthy_after: 1, healthy_after: 1 };

async function serversOf({ url }: GatewayProcess, count: number): Promise<string> {
  let servers = "";
  for (let asked = 0; asked < count; asked += 1) servers += await serverOf(ask(`${url}/echo`));
  return servers;
}

test("a backup gets requests while the others are down, and none before and afterwards", async () => {
  const a = await startMockProcess(stage, "A");
  const spare = await startMockProcess(stage, "S");
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    routes: [
      {
        path: "/*",
        backends: [
          { url: a.url, labels: { zone: "a" } },
          { url: spare.url, backup: true },
        ],
      },
    ],
  });
  expect(await serversOf(gateway, 6)).toBe("AAAAAA");
  const page = await (await ask(`${gateway.adminUrl}/admin/backends`)).json();
  expect(page).toMatchObject({
    backends: {
      "/*": [
        { url: a.url, backup: false, labels: { zone: "a" } },
        { url: spare.url, backup: true, labels: {} },
      ],
    },
  });

  a.kill("SIGKILL");
  await a.exited;
  // The first ones are sent to both, as the gateway does not know yet.
  expect(await serversOf(gateway, 6)).toBe("SSSSSS");

  await startMockProcess(stage, "A", ["--port", `${a.port}`]);
  await gateway.lines.waitFor(new RegExp(`backend ${a.url} is healthy again`));
  expect(await serversOf(gateway, 6)).toBe("AAAAAA");
  expect(await gateway.stop()).toBe(0);
});

test("a backup gets nothing because another backend is full", async () => {
  const a = await startMockProcess(stage, "A");
  const spare = await startMockProcess(stage, "S");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      {
        path: "/*",
        backends: [
          { url: a.url, max_in_flight: 1 },
          { url: spare.url, backup: true },
        ],
      },
    ],
  });
  const long = await ask(`${gateway.url}/sse`);
  const events = long.body!.getReader();
  await events.read();
  expect((await ask(`${gateway.url}/echo`)).status).toBe(503);
  await events.cancel();
  expect(await gateway.stop()).toBe(0);
});

test("with slow_start a backend that has returned gets a tenth of its weight at first", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: quickChecks,
    // So long that this test sees its first step.
    routes: [{ path: "/*", backends: [a.url, b.url], slow_start: "1d" }],
  });
  expect(await serversOf(gateway, 6)).toBe("ABABAB");
  a.kill("SIGKILL");
  await a.exited;
  await gateway.lines.waitFor(new RegExp(`backend ${a.url} is unhealthy`));
  await startMockProcess(stage, "A", ["--port", `${a.port}`]);
  await gateway.lines.waitFor(new RegExp(`backend ${a.url} is healthy again`));
  const servers = await serversOf(gateway, 44);
  expect(servers.split("A")).toHaveLength(5);
  expect(await gateway.stop()).toBe(0);
});
