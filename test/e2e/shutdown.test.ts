import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { connect } from "node:net";
import { stringify } from "yaml";
import { ask, problemOf } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage, type Stage } from "../support/stage.ts";

const stage = createStage();

function outcomeOf(content: Promise<unknown>): Promise<string> {
  return content.then(
    () => "whole",
    () => "cut off",
  );
}

/** A gateway with one request in flight, which its backend has and does not answer by itself. */
async function startWithRequestInFlight(shutdownTimeout: string) {
  const backend = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    server: { shutdown_timeout: shutdownTimeout },
    health_check: noHealthChecks,
    routes: [{ path: "/slow/*", backends: [backend.url] }],
  });
  const arrived = backend.next();
  const response = ask(`${gateway.url}/slow/1`);
  response.catch(() => undefined);
  return { gateway, response, request: await arrived };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "a request in flight at %s is answered, and the gateway ends with 0",
  async (signal) => {
    const { gateway, response, request } = await startWithRequestInFlight("10s");

    gateway.kill(signal);
    await gateway.lines.waitFor(new RegExp(`${signal}: no new connections`));
    request.send(answer(["Content-Type: text/plain"], "late but whole"));
    request.end();

    expect((await response).status).toBe(200);
    expect(await (await response).text()).toBe("late but whole");
    expect(await gateway.exited).toBe(0);
    expect(gateway.lines.all.at(-1)).toContain("stopped");
    expect(gateway.rows()).toMatchObject([{ path: "/slow/1", status_code: 200 }]);
  },
);

// Timers of the runtime end at 24.8 days; longer ones would fire at once, with a warning for each.
test("durations above 24.8 days hold, without a word", async () => {
  const backend = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    server: { shutdown_timeout: "30d", write_timeout: "30d", read_timeout: "30d" },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const arrived = backend.next();
  const response = ask(`${gateway.url}/1`, { method: "POST", body: "hello" });
  const request = await arrived;

  gateway.kill("SIGTERM");
  await gateway.lines.waitFor(/SIGTERM: no new connections/);
  request.send(answer(["Content-Type: text/plain"], "late but whole"));
  request.end();

  expect(await (await response).text()).toBe("late but whole");
  expect(await gateway.exited).toBe(0);
  expect(gateway.errors.text).toBe("");
});

test("an answer that is being streamed at SIGTERM reaches its end", async () => {
  const { gateway, response, request } = await startWithRequestInFlight("10s");
  request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
  const { body } = await response;

  gateway.kill("SIGTERM");
  await gateway.lines.waitFor(/SIGTERM/);
  request.send("4\r\n end\r\n0\r\n\r\n");

  expect(await new Response(body).text()).toBe("begin end");
  expect(await gateway.exited).toBe(0);
});

test("after SIGTERM no new connection is taken", async () => {
  const { gateway, request } = await startWithRequestInFlight("10s");
  gateway.kill("SIGTERM");
  await gateway.lines.waitFor(/SIGTERM/);

  const refusal = await new Promise<Error>((resolve, reject) => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", resolve);
    socket.on("connect", () => reject(new Error("the connection was taken")));
  });

  expect(refusal).toMatchObject({ code: "ECONNREFUSED" });
  request.send(answer([]));
  request.end();
  expect(await gateway.exited).toBe(0);
});

/**
 * A gateway with one exchange in flight of each kind: a request whose answer is awaited, one whose
 * answer is being streamed, one whose content is still coming, and a WebSocket.
 */
async function startWithEachKindInFlight(shutdownTimeout: string) {
  const backend = await startRawBackend(stage, (request) => {
    if (request.lines[0]?.includes("/streaming") !== true) return;
    request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
  });
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    server: { shutdown_timeout: shutdownTimeout },
    health_check: noHealthChecks,
    routes: [
      { path: "/ws", backends: [mock.url] },
      { path: "/*", backends: [backend.url] },
    ],
  });
  const waiting = ask(`${gateway.url}/waiting`);
  const streaming = await ask(`${gateway.url}/streaming`);
  const uploading = connect(gateway.port, "127.0.0.1");
  stage.defer(() => uploading.destroy());
  uploading.on("error", () => undefined);
  uploading.write(message(["POST /uploading HTTP/1.1", "Host: gateway", "Content-Length: 100000"]));
  uploading.write("begin");
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
  stage.defer(() => socket.terminate());
  await new Promise((resolve) => {
    socket.addEventListener("open", resolve);
  });
  await eventually(() => backend.requests.length === 3);
  return { gateway, waiting, streaming, socket };
}

const CUT_ROWS = [
  { path: "/streaming", status_code: 200, error_code: "gateway_stopping" },
  { path: "/uploading", error_code: "gateway_stopping" },
  { path: "/waiting", status_code: 503, error_code: "gateway_stopping" },
  { path: "/ws", status_code: 101, error_code: "gateway_stopping" },
];

async function expectAllCut({
  gateway,
  waiting,
  streaming,
}: Awaited<ReturnType<typeof startWithEachKindInFlight>>) {
  expect(await gateway.exited).toBe(1);
  expect(await problemOf(await waiting)).toMatchObject({ status: 503, code: "gateway_stopping" });
  expect(await outcomeOf(streaming.text())).toBe("cut off");
  const rows = gateway.rows().toSorted((one, other) => (one.path! < other.path! ? -1 : 1));
  expect(rows).toMatchObject(CUT_ROWS);
}

test("an exchange that outlasts shutdown_timeout is cut, answered so, and has its row with the cause", async () => {
  const inFlight = await startWithEachKindInFlight("200ms");

  inFlight.gateway.kill("SIGTERM");

  await expectAllCut(inFlight);
  expect(inFlight.gateway.lines.matching(/ERROR.* 3 requests were cut: still in/)).toHaveLength(1);
});

test("at a second signal all that is in flight is cut at once, and has its row with the cause", async () => {
  const inFlight = await startWithEachKindInFlight("10m");

  inFlight.gateway.kill("SIGTERM");
  await inFlight.gateway.lines.waitFor(/SIGTERM: no new connections/);
  inFlight.gateway.kill("SIGINT");

  await expectAllCut(inFlight);
  expect(inFlight.gateway.lines.matching(/SIGINT again: cutting requests in flight/)).toHaveLength(
    1,
  );
});

test("at a third signal nothing is waited for, not even the log", async () => {
  const { gateway, response, request } = await startWithRequestInFlight("10m");
  const other = new Database(gateway.database);
  stage.defer(() => other.close());
  // The gateway may be writing at this very moment.
  other.run("PRAGMA busy_timeout = 10000");
  other.run("BEGIN EXCLUSIVE");

  gateway.kill("SIGTERM");
  await gateway.lines.waitFor(/SIGTERM: no new connections/);
  gateway.kill("SIGTERM");
  await request.closed;
  gateway.kill("SIGTERM");

  // With 3 it would have waited for the row, and reported it as lost.
  expect(await gateway.exited).toBe(1);
  expect((await response).status).toBe(503);
});

test("an idle connection does not hold the gateway up", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    server: { shutdown_timeout: "10m" },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });
  const socket = connect(gateway.port, "127.0.0.1");
  stage.defer(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write(message(["GET /api/users/1 HTTP/1.1", "Host: gateway"]));
  await new Promise((resolve) => {
    socket.once("data", resolve);
  });

  expect(await gateway.stop()).toBe(0);
});

async function configOn(stage: Stage, server: object): Promise<string> {
  const folder = stage.folder();
  const file = `${folder}/gateway.yaml`;
  const routes = [{ path: "/*", backends: ["http://127.0.0.1:9"] }];
  const logging = { database: `${folder}/gateway.db` };
  await Bun.write(file, stringify({ server, logging, health_check: noHealthChecks, routes }));
  return file;
}

test("a second gateway on a port ends with 1 and names the port; the first goes on", async () => {
  const mock = await startMockProcess(stage, "A");
  const first = await startGateway(stage, { routes: [{ path: "/*", backends: [mock.url] }] });
  const file = await configOn(stage, { host: "127.0.0.1", port: first.port });

  const second = await runToEnd(stage, ["serve", "--config", file]);

  expect(second.code).toBe(1);
  expect(second.out + second.err).toContain(
    `cannot listen on 127.0.0.1:${first.port}: another process has this port`,
  );
  expect((await ask(`${first.url}/api/users/1`)).status).toBe(200);
});

test("a second mock on a port ends with 1 and names the port", async () => {
  const first = await startMockProcess(stage, "A");

  const second = await runToEnd(stage, ["mock", "--port", `${first.port}`]);

  expect(second.code).toBe(1);
  expect(second.err).toContain(`127.0.0.1:${first.port}`);
});

test("an address that is not this machine's is named", async () => {
  const file = await configOn(stage, { host: "192.0.2.1", port: 0 });

  const { code, out, err } = await runToEnd(stage, ["serve", "--config", file]);

  expect(code).toBe(1);
  expect(out + err).toContain("cannot listen on 192.0.2.1:0");
});
