import { expect, test } from "bun:test";
import { connect } from "node:http2";
import { json } from "node:stream/consumers";
import { ask, serverOf } from "../support/ask.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { connectRaw } from "../support/raw-client.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

interface Echo {
  readonly server: string;
  readonly fields: readonly (readonly [string, string])[];
}

/** A client that keeps the cookie it is given, as a browser does. */
function browser(url: string) {
  let cookie = "";
  return {
    async visit(path = "/echo", others = "theme=dark") {
      const headers = { cookie: [others, cookie].filter((one) => one !== "").join("; ") };
      const response = await ask(`${url}${path}`, { headers });
      const set = response.headers.get("set-cookie");
      if (set !== null) [cookie = ""] = set.split(";");
      return { response, set };
    },
    get cookie() {
      return cookie;
    },
  };
}

test("a client stays with its backend, which does not see the cookie, and moves when it dies", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [a.url, b.url], sticky: true }],
  });
  const clients = [browser(gateway.url), browser(gateway.url)];
  const homes: string[] = [];
  for (const client of clients) {
    const { response, set } = await client.visit();
    expect(set).toMatch(/^gateway_backend=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(response.headers.get("cache-control")).toBe("private");
    homes.push(await serverOf(response));
  }
  expect([...homes].sort()).toEqual(["A", "B"]);
  for (let visit = 0; visit < 6; visit += 1) {
    for (const [index, client] of clients.entries()) {
      const { response, set } = await client.visit();
      expect(set).toBeNull();
      expect(response.headers.get("cache-control")).toBeNull();
      const { server, fields } = (await response.json()) as Echo;
      expect(server).toBe(homes[index]!);
      const cookies = fields.filter(([name]) => name.toLowerCase() === "cookie");
      expect(cookies.map(([, value]) => value)).toEqual(["theme=dark"]);
    }
  }

  const [lost] = clients;
  const before = lost!.cookie;
  const dead = homes[0] === "A" ? a : b;
  dead.kill("SIGKILL");
  await dead.exited;
  // The attempt at the dead one fails, and the one that answers takes the client over.
  const moved = await lost!.visit();
  expect(await serverOf(moved.response)).toBe(homes[1]!);
  expect(moved.set).not.toBeNull();
  expect(lost!.cookie).not.toBe(before);
  const after = await lost!.visit();
  expect(await serverOf(after.response)).toBe(homes[1]!);
  expect(after.set).toBeNull();
  const rows = await gateway.waitForRows(16);
  expect(rows.at(-2)?.attempts).toBe(2);
  expect(rows.at(-1)?.attempts).toBe(1);
  expect(await gateway.stop()).toBe(0);
});

test("with a secret a restart forgets no client, and without one it does no harm", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const route = { path: "/*", backends: [a.url, b.url] };
  const secret = "correct horse battery staple";
  const first = await startGateway(stage, { routes: [{ ...route, sticky: { secret } }] });
  const client = browser(first.url);
  await client.visit();
  const { response } = await client.visit();
  const home = await serverOf(response);
  const { cookie } = client;
  expect(await first.stop()).toBe(0);

  const second = await startGateway(stage, {
    routes: [{ ...route, sticky: { secret, max_age: "1h" } }],
  });
  for (let visit = 0; visit < 4; visit += 1) {
    const answer = await ask(`${second.url}/echo`, { headers: { cookie } });
    expect(await serverOf(answer)).toBe(home);
  }
  await second.reload({ routes: [{ ...route, sticky: true }] });
  const answer = await ask(`${second.url}/echo`, { headers: { cookie } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("set-cookie")).not.toBeNull();
  expect(await second.stop()).toBe(0);
});

test("the gateway's own answers set no cookie, and failures of the backend neither", async () => {
  const a = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/dead", backends: ["http://127.0.0.1:1"], sticky: true },
      { path: "/*", backends: [a.url], sticky: { cookie: "home" } },
    ],
  });
  for (const [path, status] of [
    ["/dead", 502],
    ["/status/503", 503],
  ] as const) {
    const response = await ask(`${gateway.url}${path}`);
    expect([response.status, response.headers.get("set-cookie")]).toEqual([status, null]);
  }
  // An only backend sets it too: others may come.
  const client = browser(gateway.url);
  expect((await client.visit()).set).toStartWith("home=");
  expect((await client.visit()).set).toBeNull();
  const missing = await browser(gateway.url).visit("/status/404");
  expect([missing.response.status, missing.set?.startsWith("home=")]).toEqual([404, true]);
  expect(await gateway.stop()).toBe(0);
});

test("a WebSocket and an HTTP/2 client stay with their backend, too", async () => {
  const a = await startMockProcess(stage, "A");
  const b = await startMockProcess(stage, "B");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [a.url, b.url], sticky: true }],
  });
  const socket = await connectRaw(stage, gateway.port);
  socket.send(
    "GET /ws HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await socket.until("\r\n\r\n");
  expect(socket.received()).toStartWith("HTTP/1.1 101 ");
  const [, cookie = ""] =
    /\r\nset-cookie: (gateway_backend=[\w-]{16});/i.exec(socket.received()) ?? [];
  socket.end();
  await socket.closed;
  const home = await serverOf(ask(`${gateway.url}/echo`, { headers: { cookie } }));

  const session = connect(gateway.url);
  stage.defer(() => session.destroy());
  for (let request = 0; request < 4; request += 1) {
    // HTTP/2 clients may send each cookie in a field of its own (RFC 9113 section 8.2.3).
    const stream = session.request({ ":path": "/echo", cookie: ["theme=dark", cookie] as never });
    const { server, fields } = (await json(stream)) as Echo;
    expect(server).toBe(home);
    const cookies = fields.filter(([name]) => name.toLowerCase() === "cookie");
    expect(cookies.map(([, value]) => value)).toEqual(["theme=dark"]);
  }
  session.close();
  expect(await gateway.stop()).toBe(0);
});
