import { expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startOrigin } from "../support/http-origin.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** What backends that fail do with every request. */
const failing = {
  "answers 500": () =>
    startOrigin(stage, { "/x": (_, response) => void response.writeHead(500).end() }),
  hangs: () => startOrigin(stage, { "/x": () => new Promise(() => {}) }),
  resets: () => startOrigin(stage, { "/x": ({ socket }) => void socket.resetAndDestroy() }),
};
type Failing = keyof typeof failing;

const fine = () => startOrigin(stage, { "/x": (_, response) => void response.end("fine") });

async function statusesOf(gateway: GatewayProcess, count: number): Promise<number[]> {
  const statuses: number[] = [];
  const clients = Array.from({ length: 5 }, async (_, index) => {
    for (let sent = index; sent < count; sent += 5) {
      const response = await ask(`${gateway.url}/x`);
      await response.arrayBuffer();
      statuses.push(response.status);
    }
  });
  await Promise.all(clients);
  return statuses;
}

/** The backends as the operator sees them. */
async function backendsOf(gateway: GatewayProcess) {
  const { backends } = (await (await ask(`${gateway.adminUrl}/admin/backends`)).json()) as {
    backends: Record<string, { url: string; healthy: boolean; ejected_until: string | null }[]>;
  };
  return Object.values(backends).flat();
}

test.each(Object.keys(failing) as Failing[])(
  "one of three backends %s: once it is ejected, nothing fails any more",
  async (way) => {
    const bad = await failing[way]();
    const gateway = await startGateway(stage, {
      server: { timeouts: { response: "300ms" } },
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [await fine(), bad, await fine()], ejection: true }],
    });
    const line = gateway.lines.waitFor(/is ejected/);
    while (gateway.lines.matching(/is ejected/).length === 0) await statusesOf(gateway, 15);
    expect(await line).toContain(
      `upstream of route /*: backend ${bad} is ejected for 30s: the last 5 requests failed (the last one: `,
    );
    expect((await statusesOf(gateway, 150)).filter((status) => status !== 200)).toEqual([]);
    const [, ejected, other] = await backendsOf(gateway);
    expect(ejected).toMatchObject({ url: bad, healthy: true });
    expect(Date.parse(ejected!.ejected_until ?? "") - Date.now()).toBeWithin(1, 30_001);
    expect(other?.ejected_until).toBeNull();
    expect(gateway.lines.matching(/is ejected/)).toHaveLength(1);
    expect(await gateway.stop()).toBe(0);
  },
  60_000,
);

test("half of a pool is ejected, whatever each of them does, and the other half serves everything", async () => {
  const bad = [await failing["answers 500"](), await failing.hangs(), await failing.resets()];
  const gateway = await startGateway(stage, {
    server: { timeouts: { response: "300ms" } },
    health_check: noHealthChecks,
    upstreams: {
      pool: { backends: [...bad, await fine(), await fine(), await fine()], ejection: true },
    },
    routes: [{ path: "/x", upstream: "pool" }],
  });
  while (gateway.lines.matching(/is ejected/).length < 3) await statusesOf(gateway, 30);
  expect((await statusesOf(gateway, 200)).filter((status) => status !== 200)).toEqual([]);
  const ejected = (await backendsOf(gateway)).filter(({ ejected_until: until }) => until !== null);
  expect(ejected.map(({ url }) => url)).toEqual(bad);
}, 60_000);

test("an ejected backend comes back after its time, and is then ejected for twice as long", async () => {
  const state = { isDown: true };
  const changing = await startOrigin(stage, {
    "/x": (_, response) => void response.writeHead(state.isDown ? 503 : 200).end(),
  });
  const config = {
    health_check: noHealthChecks,
    routes: [
      { path: "/*", backends: [changing, await fine()], ejection: { failures: 2, for: "500ms" } },
    ],
  };
  const gateway = await startGateway(stage, config);
  await statusesOf(gateway, 10);
  await gateway.lines.waitFor(/is ejected for 500ms: the last 2 requests failed/);
  await gateway.lines.waitFor(/gets requests again: its time is up/);
  await statusesOf(gateway, 10);
  await gateway.lines.waitFor(/is ejected for 1s/);
  // A reload that changes the pool keeps it.
  await gateway.reload({
    ...config,
    routes: [
      {
        path: "/*",
        backends: [changing, await fine(), await fine()],
        ejection: { failures: 2, for: "500ms" },
      },
    ],
  });
  state.isDown = false;
  await eventually(() => gateway.lines.matching(/gets requests again/).length === 2);
  expect(await statusesOf(gateway, 12)).toEqual(Array(12).fill(200));
}, 60_000);

test("a health check that succeeds ends an ejection, and one that only finds no page does not", async () => {
  const withPage = await startMockProcess(stage, "A", ["--fail-rate", "1"]);
  const withoutPage = await failing["answers 500"]();
  for (const [bad, comesBack] of [
    [withPage.url, true],
    [withoutPage, false],
  ] as const) {
    const gateway = await startGateway(stage, {
      health_check: { interval: "100ms" },
      routes: [{ path: "/*", backends: [bad, await fine()], ejection: { failures: 1 } }],
    });
    while (gateway.lines.matching(/is ejected/).length === 0) await statusesOf(gateway, 5);
    if (comesBack) {
      await gateway.lines.waitFor(/gets requests again: a health check has succeeded/);
      while (gateway.lines.matching(/is ejected/).length === 1) await statusesOf(gateway, 5);
      await gateway.lines.waitFor(/is ejected for 1m: .*; health checks do not see that/);
    } else {
      const checkedAt = async () => {
        const { backends } = (await (await ask(`${gateway.adminUrl}/admin/backends`)).json()) as {
          backends: Record<string, { last_checked_at: string }[]>;
        };
        return backends["/*"]?.[0]?.last_checked_at ?? "";
      };
      const seen = new Set<string>();
      await eventually(async () => seen.add(await checkedAt()).size > 4);
      expect(gateway.lines.matching(/gets requests again/)).toEqual([]);
    }
    expect(await gateway.stop()).toBe(0);
  }
}, 60_000);

test("unhealthy backends are tried where that is asked for", async () => {
  const service = await startOrigin(stage, {
    "/x": (_, response) => void response.end("fine"),
    "/health": (_, response) => void response.writeHead(500).end(),
  });
  const gateway = await startGateway(stage, {
    health_check: { interval: "100ms", unhealthy_after: 1 },
    routes: [
      { path: "/x", backends: [service], when_none_healthy: "try_all" },
      { path: "/y", backends: [service] },
    ],
  });
  await gateway.lines.waitFor(/is unhealthy/);
  expect(await statusesOf(gateway, 5)).toEqual([200, 200, 200, 200, 200]);
  expect((await ask(`${gateway.url}/y`)).status).toBe(503);
});
