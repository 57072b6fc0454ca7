import { expect, test } from "bun:test";
import { ask, serverOf } from "../support/ask.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** The letters of the mocks that answered, one request after another. */
async function serversOf(url: string, asked: readonly Record<string, string>[]): Promise<string> {
  let servers = "";
  for (const headers of asked) servers += await serverOf(ask(`${url}/echo`, { headers }));
  return servers;
}

const times = (count: number, headers: Record<string, string> = {}) =>
  Array.from({ length: count }, () => headers);

const tenants = Array.from({ length: 40 }, (_, index) => ({ "x-tenant": `tenant-${index}` }));

test("requests with the same key go to the same backend, and only its keys move when it dies", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const c = await startMockProcess(stage, "C");
  const gateway = await startGateway(stage, {
    routes: [
      {
        path: "/*",
        backends: [a.url, b.url, c.url],
        balance: { hash: "{header.x-tenant}" },
      },
    ],
  });
  const before = await serversOf(gateway.url, tenants);
  expect(new Set(before).size).toBe(3);
  expect(await serversOf(gateway.url, tenants)).toBe(before);
  // Without a key they take turns.
  expect(new Set(await serversOf(gateway.url, times(3))).size).toBe(3);

  const lost = before.charAt(0);
  const killed = [a, b, c].find(({ name }) => name === lost);
  killed?.kill("SIGKILL");
  await killed?.exited;
  const after = await serversOf(gateway.url, tenants);
  expect(after).not.toContain(lost);
  for (const [index, server] of before.split("").entries()) {
    if (server !== lost) expect(after[index]).toBe(server);
  }
  expect(await gateway.stop()).toBe(0);
});

test("least_requests leaves a backend alone that is busy with long requests", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [a.url, b.url], balance: "least_requests" }],
  });
  // Its header section is there, its content never ends: it stays in flight at the first backend.
  const long = await ask(`${gateway.url}/sse`);
  const events = long.body!.getReader();
  await events.read();
  expect(await serversOf(gateway.url, times(10))).toBe("B".repeat(10));
  await events.cancel();
  expect(await gateway.stop()).toBe(0);
});

test("fastest gives a backend that is ten times slower less than a fifth of its share", async () => {
  const slow = await startMockProcess(stage, "S", ["--latency", "1s"]);
  const a = await startMockProcess(stage, "A", ["--latency", "100ms"]);
  const b = await startMockProcess(stage, "B", ["--latency", "100ms"]);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [slow.url, a.url, b.url], balance: "fastest" }],
  });
  const clients = times(12).map(() => serversOf(gateway.url, times(30)));
  const servers = (await Promise.all(clients)).join("");
  const got = (name: string) => servers.split(name).length - 1;
  expect(got("S")).toBeGreaterThan(0);
  expect(got("S")).toBeLessThan(360 / 3 / 5);
  expect(Math.min(got("A"), got("B"))).toBeGreaterThan(360 / 4);
  expect(await gateway.stop()).toBe(0);
});

test("random gives every backend something", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/*", backends: [a.url, b.url], balance: "random" }],
  });
  // All of 64 to one of them: once in 10^19 runs.
  expect(new Set(await serversOf(gateway.url, times(64))).size).toBe(2);
  expect(await gateway.stop()).toBe(0);
});
