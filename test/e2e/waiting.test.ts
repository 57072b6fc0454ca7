import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { answer, type RawRequest, startRawBackend } from "../support/raw-backend.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

function finish(request: RawRequest | undefined): void {
  request?.send(answer([], "done"));
  request?.end();
}

/** The requests that a backend has got, by their paths. */
const pathsOf = (requests: readonly RawRequest[]) =>
  requests.map(({ lines }) => lines[0]?.split(" ")[1]);

/** Sends a request that waits; the answer is there later. */
async function queueUp(gateway: GatewayProcess, path: string, init: RequestInit = {}) {
  const answer = ask(`${gateway.url}${path}`, init);
  answer.catch(() => undefined);
  // It is in the queue when the gateway has it: an answered request after it shows that.
  await ask(`${gateway.url}/health`);
  return { answer };
}

test("requests wait for a place in the order in which they came, over all routes of an upstream, and leave with their clients", async () => {
  const backend = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    upstreams: {
      users: {
        backends: [backend.url],
        max_in_flight: 1,
        max_waiting: 3,
        wait_timeout: "20s",
      },
    },
    routes: [
      { path: "/a/*", upstream: "users" },
      { path: "/b/*", upstream: "users" },
    ],
  });
  const first = ask(`${gateway.url}/a/1`);
  await eventually(() => backend.requests.length === 1);
  const second = await queueUp(gateway, "/b/2");
  const leaving = new AbortController();
  const third = await queueUp(gateway, "/a/3", { signal: leaving.signal });
  const fourth = await queueUp(gateway, "/b/4", { method: "POST", body: "x".repeat(200_000) });

  const beyond = await ask(`${gateway.url}/a/5`);
  expect(beyond.headers.get("retry-after")).toBe("1");
  expect(await problemOf(beyond)).toMatchObject({
    code: "overloaded",
    status: 503,
    detail: "this route's backends are at their max_in_flight, and 3 requests are waiting",
  });

  leaving.abort();
  await third.answer.catch(() => undefined);
  await eventually(() => gateway.rows().some(({ status_code: code }) => code === 499));
  finish(backend.requests[0]);
  expect(await (await first).text()).toBe("done");
  await eventually(() => backend.requests.length === 2);
  finish(backend.requests[1]);
  expect(await (await second.answer).text()).toBe("done");
  await eventually(() => backend.requests.length === 3);
  finish(backend.requests[2]);
  expect(await (await fourth.answer).text()).toBe("done");
  expect(pathsOf(backend.requests)).toEqual(["/a/1", "/b/2", "/b/4"]);
  expect(await gateway.stop()).toBe(0);
  const rows = gateway.rows().filter(({ path }) => path !== "/health");
  expect(rows.filter(({ attempts }) => attempts === 0)).toHaveLength(2);
}, 60_000);

test("a request whose wait is too long is answered 503, and one that waits when the gateway stops ends with it", async () => {
  const backend = await startRawBackend(stage);
  const routes = (wait: string) => [
    {
      path: "/*",
      backends: [{ url: backend.url, max_in_flight: 1 }],
      max_waiting: 10,
      wait_timeout: wait,
    },
  ];
  const config = { server: { shutdown_timeout: "500ms" }, health_check: noHealthChecks };
  const gateway = await startGateway(stage, { ...config, routes: routes("300ms") });
  const first = ask(`${gateway.url}/1`).catch(() => undefined);
  await eventually(() => backend.requests.length === 1);
  expect(await problemOf(await ask(`${gateway.url}/2`))).toMatchObject({
    code: "overloaded",
    detail: "no place at the route's backends within 300ms (wait_timeout)",
  });
  await gateway.reload({ ...config, routes: routes("1h") });
  const { answer: last } = await queueUp(gateway, "/3");
  await gateway.stop();
  expect(await problemOf(await last)).toMatchObject({ code: "gateway_stopping" });
  await first;
  expect(pathsOf(backend.requests)).toEqual(["/1"]);
}, 60_000);

test("those who wait at a reload get their places, before those who come after it", async () => {
  const backend = await startRawBackend(stage);
  const config = (most: number) => ({
    health_check: noHealthChecks,
    upstreams: {
      users: { backends: [backend.url], max_in_flight: 1, max_waiting: most, wait_timeout: "20s" },
    },
    routes: [{ path: "/*", upstream: "users" }],
  });
  const gateway = await startGateway(stage, config(5));
  const asked = [{ answer: ask(`${gateway.url}/1`) }];
  await eventually(() => backend.requests.length === 1);
  asked.push(await queueUp(gateway, "/2"));
  await gateway.reload(config(6));
  asked.push(await queueUp(gateway, "/3"));
  for (let request = 0; request < 3; request += 1) {
    await eventually(() => backend.requests.length === request + 1);
    finish(backend.requests[request]);
    expect(await (await asked[request]!.answer).text()).toBe("done");
  }
  expect(pathsOf(backend.requests)).toEqual(["/1", "/2", "/3"]);
}, 60_000);
