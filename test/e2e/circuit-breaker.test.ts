import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startOrigin } from "../support/http-origin.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** A backend that fails so many of a hundred requests, evenly spread, until it is told otherwise. */
async function startFailing(percent: number) {
  const state = { percent, requests: 0 };
  const url = await startOrigin(stage, {
    "/x"(_, response) {
      const before = Math.floor((state.requests * state.percent) / 100);
      state.requests += 1;
      const hasFailed = Math.floor((state.requests * state.percent) / 100) > before;
      response.writeHead(hasFailed ? 500 : 200).end("x");
    },
    "/hangs": () => {
      state.requests += 1;
      return new Promise(() => {});
    },
  });
  return { url, state };
}

async function send(gateway: GatewayProcess, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    const response = await ask(`${gateway.url}/x`);
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  return statuses;
}

async function statesOf(gateway: GatewayProcess): Promise<(string | null)[]> {
  const { backends } = (await (await ask(`${gateway.adminUrl}/admin/backends`)).json()) as {
    backends: Record<string, { circuit_breaker: string | null }[]>;
  };
  return Object.values(backends)
    .flat()
    .map(({ circuit_breaker: state }) => state);
}

test("a backend at 1 % of failures does not open its circuit breaker", async () => {
  const { url, state } = await startFailing(1);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/x", backends: [url], circuit_breaker: true },
      { path: "/y", backends: [url] },
    ],
  });
  const statuses = await send(gateway, 500);
  expect(statuses.filter((status) => status !== 200)).toEqual([500, 500, 500, 500, 500]);
  expect(state.requests).toBe(500);
  expect(await statesOf(gateway)).toEqual(["closed", null]);
  expect(await gateway.stop()).toBe(0);
  expect(gateway.lines.matching(/circuit breaker/)).toEqual([]);
});

test("one at 60 % opens it, is spared while it is open, and recovers through half open", async () => {
  const { url, state } = await startFailing(60);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/x", backends: [url], circuit_breaker: { open_for: "2s" } }],
  });
  const statuses = await send(gateway, 20);
  expect(statuses.filter((status) => status === 500)).toHaveLength(12);
  const opened = await gateway.lines.waitFor(/circuit breaker of .* is open/);
  expect(opened).toContain(
    `WARN] upstream of route /x: the circuit breaker of ${url} is open for 2s: 12 of 20 requests in 10s failed (answered 500)`,
  );
  expect(await statesOf(gateway)).toEqual(["open"]);

  const refused = await ask(`${gateway.url}/x`);
  expect(Number(refused.headers.get("retry-after"))).toBeWithin(1, 3);
  expect(refused.headers.get("proxy-status")).toContain("error=destination_unavailable");
  expect(await problemOf(refused)).toMatchObject({ status: 503, code: "circuit_open" });
  expect(state.requests).toBe(20);

  await gateway.lines.waitFor(/is half open: at most 3 requests at a time are tried/);
  state.percent = 100;
  expect(await send(gateway, 1)).toEqual([500]);
  await gateway.lines.waitFor(/is open again for 2s: a trial request failed \(answered 500\)/);
  expect(await send(gateway, 3)).toEqual([503, 503, 503]);
  expect(state.requests).toBe(21);

  state.percent = 0;
  await eventually(() => gateway.lines.matching(/is half open/).length === 2);
  expect(await send(gateway, 50)).toEqual(Array(50).fill(200));
  expect(await statesOf(gateway)).toEqual(["closed"]);
  expect(await gateway.stop()).toBe(0);
  expect(gateway.lines.matching(/circuit breaker of .* is closed: 3 trial/)).toHaveLength(1);
  const rows = gateway.rows();
  expect(rows.filter(({ error_code: code }) => code === "circuit_open")).toHaveLength(4);
  expect(rows.find(({ error_code: code }) => code === "circuit_open")).toMatchObject({
    status_code: 503,
    attempts: 0,
    ended_by: "backend",
  });
}, 60_000);

test("a backend with an open circuit breaker is passed over, and a reload leaves it open", async () => {
  const bad = await startFailing(100);
  const good = await startFailing(0);
  const config = {
    health_check: noHealthChecks,
    upstreams: {
      both: {
        backends: [bad.url, good.url],
        circuit_breaker: { consecutive_failures: 3, open_for: "1h" },
      },
    },
    routes: [{ path: "/x", upstream: "both" }],
  };
  const gateway = await startGateway(stage, config);
  await send(gateway, 6);
  await gateway.lines.waitFor(/is open for 60m: 3 requests in a row failed/);
  expect(await send(gateway, 20)).toEqual(Array(20).fill(200));
  const third = await startFailing(0);
  const { both } = config.upstreams;
  await gateway.reload({
    ...config,
    upstreams: { both: { ...both, backends: [bad.url, good.url, third.url] } },
  });
  expect(await statesOf(gateway)).toEqual(["open", "closed", "closed"]);
  expect(await send(gateway, 20)).toEqual(Array(20).fill(200));
  expect(bad.state.requests).toBe(3);
}, 60_000);

test("clients that leave do not keep it half open", async () => {
  const { url, state } = await startFailing(100);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      {
        path: "/*",
        backends: [url],
        circuit_breaker: { consecutive_failures: 1, open_for: "100ms", probes: 1 },
      },
    ],
  });
  expect(await send(gateway, 1)).toEqual([500]);
  await gateway.lines.waitFor(/is half open/);
  state.percent = 0;
  for (let left = 1; left <= 3; left += 1) {
    const leaving = new AbortController();
    const asked = ask(`${gateway.url}/hangs`, { signal: leaving.signal }).catch(() => undefined);
    await eventually(() => state.requests === 1 + left);
    expect(await send(gateway, 1)).toEqual([503]);
    leaving.abort();
    await asked;
    await eventually(
      () => gateway.rows().filter(({ status_code: code }) => code === 499).length === left,
    );
  }
  expect(await statesOf(gateway)).toEqual(["half_open"]);
  expect(await send(gateway, 5)).toEqual(Array(5).fill(200));
  expect(await statesOf(gateway)).toEqual(["closed"]);
}, 60_000);
