import { expect, test } from "bun:test";
import { connect } from "node:net";
import { stringify } from "yaml";
import { ask } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { message } from "../support/raw-http.ts";
import { createStage, type Stage } from "../support/stage.ts";

const stage = createStage();

function outcomeOf(response: Promise<Response>): Promise<string> {
  return response.then(
    ({ status }) => `answered ${status}`,
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

test("a request that outlasts shutdown_timeout is cut, counted, and logged", async () => {
  const { gateway, response } = await startWithRequestInFlight("200ms");

  gateway.kill("SIGTERM");

  expect(await gateway.exited).toBe(1);
  expect(await outcomeOf(response)).toBe("cut off");
  expect(gateway.lines.matching(/ERROR.* 1 request was cut/)).toHaveLength(1);
  expect(gateway.rows()).toMatchObject([{ path: "/slow/1" }]);
});

test("a second signal ends the gateway at once", async () => {
  const { gateway, response } = await startWithRequestInFlight("10m");

  gateway.kill("SIGTERM");
  await gateway.lines.waitFor(/SIGTERM: no new connections/);
  gateway.kill("SIGINT");

  expect(await gateway.exited).toBe(1);
  expect(await outcomeOf(response)).toBe("cut off");
  expect(gateway.lines.all.at(-1)).toContain("SIGINT again: ending at once");
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
