import { expect, test } from "bun:test";
import { problemOf } from "../support/ask.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const CLIENTS = 16;
const AFTERWARDS = 300;

/** What was asked of the gateway, and how it was answered. */
interface Outcome {
  readonly method: string;
  readonly status: number;
  readonly code: unknown;
}

test("one of two backends dies under load with default settings, and nothing that it cannot have acted on is lost", async () => {
  const a = await startMockProcess(stage, "A", ["--latency", "2ms"]);
  const b = await startMockProcess(stage, "B", ["--latency", "2ms"]);
  const gateway = await startGateway(stage, {
    routes: [{ path: "/*", backends: [a.url, b.url] }],
  });
  const outcomes: Outcome[] = [];
  let left = Number.POSITIVE_INFINITY;
  const { promise: warm, resolve } = Promise.withResolvers<void>();
  const client = async (index: number) => {
    for (let turn = index; left > 0; turn += 1, left -= 1) {
      const method = turn % 2 === 0 ? "GET" : "POST";
      const body = method === "POST" ? { body: `hello ${turn}` } : {};
      const response = await fetch(`${gateway.url}/echo`, { method, ...body });
      const code = response.ok ? undefined : (await problemOf(response)).code;
      if (response.ok) await response.arrayBuffer();
      outcomes.push({ method, status: response.status, code });
      if (outcomes.length === CLIENTS * 10) resolve();
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, index) => client(index));
  await warm;
  a.kill("SIGKILL");
  await a.exited;
  left = AFTERWARDS;
  await Promise.all(clients);

  const lost = outcomes.filter(({ status }) => status !== 200);
  // Only what had been written to a connection when the backend died may fail.
  expect(lost.length).toBeLessThanOrEqual(CLIENTS);
  for (const { status, code } of lost) {
    expect([status, code]).toEqual([502, "backend_connection_closed"]);
  }
  await gateway.lines.waitFor(new RegExp(`WARN.*${a.url}`));
  const again = await gateway.waitForRows(outcomes.length);
  const retried = again.filter(({ attempts, status_code }) => attempts > 1 && status_code === 200);
  expect(retried.length).toBeGreaterThan(0);
  expect(new Set(retried.map(({ backend }) => backend))).toEqual(new Set([b.url]));
  expect(await gateway.stop()).toBe(0);
});

test("a backend that is not there costs nobody a request, also not one with a long upload", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    routes: [{ path: "/*", backends: [a.url, b.url] }],
  });
  a.kill("SIGKILL");
  await a.exited;
  const content = "x".repeat(200_000);
  for (let upload = 0; upload < 6; upload += 1) {
    const response = await fetch(`${gateway.url}/echo`, { method: "PUT", body: content });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("B");
  }
  const rows = await gateway.waitForRows(6);
  expect(rows.map(({ bytes_in }) => bytes_in)).toEqual(Array(6).fill(content.length));
  expect(await gateway.stop()).toBe(0);
});

test("a WebSocket is opened to another backend when the first is not there", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [a.url, b.url] }],
  });
  a.kill("SIGKILL");
  await a.exited;
  for (let opening = 0; opening < 2; opening += 1) {
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const { promise: opened, resolve: open, reject } = Promise.withResolvers<void>();
    socket.addEventListener("open", () => open());
    socket.addEventListener("error", () => reject(new Error("the WebSocket was refused")));
    socket.addEventListener("close", () => resolve());
    await opened;
    socket.close();
    await closed;
  }
  const rows = await gateway.waitForRows(2);
  expect(rows.map(({ backend }) => backend)).toEqual([b.url, b.url]);
  expect(rows.some(({ attempts }) => attempts === 2)).toBe(true);
  expect(await gateway.stop()).toBe(0);
});

test("an upload that no backend can take is answered 502, and says how many attempts were made", async () => {
  const urls: string[] = [];
  for (const name of ["A", "B"]) {
    const backend = await startMockProcess(stage, name);
    backend.kill("SIGKILL");
    await backend.exited;
    urls.push(backend.url);
  }
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: urls }],
  });
  const response = await fetch(`${gateway.url}/echo`, {
    method: "POST",
    body: "x".repeat(200_000),
  });
  expect(await problemOf(response)).toMatchObject({
    status: 502,
    code: "backend_unreachable",
    detail: expect.stringContaining("2 attempts were made"),
  });
  expect(await gateway.waitForRows(1)).toMatchObject([{ attempts: 2, status_code: 502 }]);
  expect(await gateway.stop()).toBe(0);
});
