import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { startAuthService, type AuthServiceProcess } from "../support/auth-service.ts";
import { hasOpenssl, issuedForAll } from "../support/certificates.ts";
import { type Echo, valuesOf } from "../support/echo.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { askHttp2, http2Session } from "../support/http2-ask.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { connectRaw } from "../support/raw-client.ts";
import { createStage } from "../support/stage.ts";

const shared = createStage(afterAll);
const stage = createStage(afterEach);
const issued = issuedForAll("service", "IP:127.0.0.1");
let mock: MockProcess;
let service: AuthServiceProcess;
let gateway: GatewayProcess;

const FORWARD = { receive: ["x-user", "x-groups"], lists: ["x-groups"], cookies: ["session"] };

function configOf(forward: Readonly<Record<string, unknown>>, server = {}) {
  return {
    server,
    health_check: noHealthChecks,
    auth: { sso: { forward: { ...FORWARD, ...forward } } },
    routes: [
      { path: "/echo", auth: "sso", backends: [mock.url] },
      { path: "/orders/*", auth: "sso", rewrite: "/echo", backends: [mock.url] },
      { path: "/ws", auth: "sso", backends: [mock.url] },
      {
        path: "/admin",
        auth: "sso",
        require: { claims: { "x-groups": "admins" } },
        rewrite: "/echo",
        backends: [mock.url],
      },
      { path: "/open", rewrite: "/echo", backends: [mock.url] },
    ],
  };
}

beforeAll(async () => {
  mock = await startMockProcess(shared, "A");
  service = startAuthService(shared);
  gateway = await startGateway(shared, configOf({ url: service.url }));
});

const bySession = (name: string) => ({ headers: { cookie: `session=${name}; theme=dark` } });

async function toldBy(response: Response): Promise<Echo> {
  expect(response.status).toBe(200);
  return (await response.json()) as Echo;
}

describe("a request is admitted by the service", () => {
  test("and its backend learns who sent it, from the service alone", async () => {
    const answer = await ask(`${gateway.url}/orders/7?a=1`, {
      method: "POST",
      body: "twelve bytes",
      headers: {
        cookie: "session=ada; theme=dark",
        authorization: "Bearer abc",
        "x-user": "root",
        "X-Groups": "root",
        x_user: "root",
        "x-auth-subject": "root",
      },
    });
    const told = await toldBy(answer);
    expect(valuesOf(told, "x-user")).toEqual(["ada"]);
    expect(valuesOf(told, "x-groups")).toEqual(["admins,staff"]);
    expect(valuesOf(told, "x_user")).toEqual([]);
    expect(valuesOf(told, "x-auth-subject")).toEqual(["ada"]);
    expect(valuesOf(told, "authorization")).toEqual([]);
    expect(valuesOf(told, "cookie")).toEqual(["theme=dark"]);
    expect(told).toMatchObject({ method: "POST", body: "twelve bytes" });
    const question = service.questions.at(-1);
    expect(question).toMatchObject({ method: "GET", path: "/verify" });
    const { host } = new URL(gateway.url);
    expect(Object.fromEntries(question?.fields ?? [])).toMatchObject({
      cookie: "session=ada; theme=dark",
      authorization: "Bearer abc",
      "x-forwarded-method": "POST",
      "x-forwarded-proto": "http",
      "x-forwarded-host": host,
      "x-forwarded-uri": "/orders/7?a=1",
      "x-forwarded-for": "127.0.0.1",
      "x-original-url": `http://${host}/orders/7?a=1`,
    });
    expect(question?.fields.has("x-user")).toBe(false);
    expect(question?.fields.get("content-length")).toBeNull();
  });

  test("or not, and what else the route asks for counts as well", async () => {
    expect((await ask(`${gateway.url}/admin`, bySession("ada"))).status).toBe(200);
    expect((await ask(`${gateway.url}/admin`, bySession("bob"))).status).toBe(403);
    const refused = await ask(`${gateway.url}/echo`, bySession("mallory"));
    expect([refused.status, await refused.text()]).toEqual([403, "not you"]);
  });

  test("by the path that it was routed by", async () => {
    const client = await connectRaw(stage, gateway.port);
    client.send("GET /orders/../admin HTTP/1.1\r\nHost: a\r\nCookie: session=bob\r\n\r\n");
    await client.until("HTTP/1.1 403");
    expect(service.questions.at(-1)?.fields.get("x-forwarded-uri")).toBe("/admin");
  });

  test("and nobody can say so on a route that it is not asked about", async () => {
    const count = service.questions.length;
    const headers = {
      "x-user": "root",
      cookie: "session=ada; theme=dark",
      authorization: "Basic YTpi",
    };
    const told = await toldBy(await ask(`${gateway.url}/open`, { headers }));
    expect(valuesOf(told, "x-user")).toEqual([]);
    expect(valuesOf(told, "cookie")).toEqual(["theme=dark"]);
    expect(valuesOf(told, "authorization")).toEqual(["Basic YTpi"]);
    expect(service.questions).toHaveLength(count);
  });

  test("whose renewed session reaches the client", async () => {
    const before = service.decide;
    stage.defer(() => (service.decide = before));
    service.decide = () =>
      new Response(null, { headers: { "x-user": "ada", "set-cookie": "session=ada; Max-Age=60" } });
    const answer = await ask(`${gateway.url}/echo`, bySession("ada"));
    expect(answer.headers.getSetCookie()).toEqual(["session=ada; Max-Age=60"]);
    expect(answer.headers.get("cache-control")).toContain("private");
    await toldBy(answer);
  });

  test("and the row says who it was, and no secret", async () => {
    const own = await startGateway(stage, configOf({ url: service.url }));
    await (await ask(`${own.url}/echo`, bySession("ada"))).bytes();
    await (await ask(`${own.url}/echo`)).bytes();
    const [admitted, refused] = await own.waitForRows(2);
    expect(admitted).toMatchObject({ status_code: 200, subject: "ada", provider: "sso" });
    expect(refused).toMatchObject({ status_code: 401, error_code: "unauthorized" });
    expect(JSON.stringify([admitted, refused])).not.toContain("session=");
  });
});

describe("a login page reaches the client", () => {
  test("as the redirect that it is", async () => {
    const answer = await ask(`${gateway.url}/orders/7?a=1`, { headers: { accept: "text/html" } });
    const back = encodeURIComponent(`${gateway.url}/orders/7?a=1`);
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toBe(`https://login.test/?rd=${back}`);
    expect(answer.headers.getSetCookie()).toEqual(["state=1; HttpOnly"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("content-type")).toBe("text/html");
    expect(await answer.text()).toBe("<a>log in</a>");
  });

  test("as a 401 for programs, also by HEAD and with content on its way", async () => {
    const answer = await ask(`${gateway.url}/echo`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('Forward realm="sso"');
    expect(await answer.json()).toEqual({ login: "/login" });
    const client = await connectRaw(stage, gateway.port);
    client.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until("HTTP/1.1 401");
    await client.until("\r\n\r\n");
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    await client.until('{"login":"/login"}');
    expect(client.received().match(/HTTP\/1\.1 401/g)).toHaveLength(2);
  });
});

test("a WebSocket is opened or refused as the service decides", async () => {
  const url = `${gateway.url.replace("http", "ws")}/ws`;
  const socket = new WebSocket(url, bySession("ada"));
  stage.defer(() => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const echoed = new Promise((resolve) => socket.addEventListener("message", resolve));
  socket.send("hello");
  await echoed;
  expect(service.questions.at(-1)?.fields.get("x-forwarded-uri")).toBe("/ws");
  const refused = await ask(`${gateway.url}/ws`, {
    headers: {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    },
  });
  expect(refused.status).toBe(401);
});

describe("nobody is admitted", () => {
  test("while the service is down, and everybody is when it is back", async () => {
    const own = startAuthService(stage);
    const before = await startGateway(stage, configOf({ url: own.url }));
    expect((await ask(`${before.url}/echo`, bySession("ada"))).status).toBe(200);
    await own.stop();
    for (let count = 0; count < 3; count += 1) {
      const problem = await problemOf(await ask(`${before.url}/echo`, bySession("ada")));
      expect(problem).toMatchObject({ status: 503, code: "auth_unavailable" });
      expect(JSON.stringify(problem)).not.toContain(new URL(own.url).host);
    }
    own.start();
    expect((await ask(`${before.url}/echo`, bySession("ada"))).status).toBe(200);
    const rows = await before.waitForRows(5);
    expect(rows.map(({ error_code: code }) => code)).toEqual([
      null,
      "auth_unavailable",
      "auth_unavailable",
      "auth_unavailable",
      null,
    ]);
  });

  test("by a service that hangs, or fails", async () => {
    const own = startAuthService(stage);
    const before = await startGateway(stage, configOf({ url: own.url, timeout: "200ms" }));
    own.decide = () => new Promise(() => {});
    expect((await ask(`${before.url}/echo`, bySession("ada"))).status).toBe(503);
    own.decide = () => new Response("broken", { status: 500 });
    expect((await ask(`${before.url}/echo`, bySession("ada"))).status).toBe(503);
    own.decide = () => new Response(null, { status: 304 });
    expect((await ask(`${before.url}/echo`, bySession("ada"))).status).toBe(503);
  });

  test("by a service that is behind the gateway itself", async () => {
    const before = await startGateway(stage, configOf({ url: service.url }));
    await before.reload(configOf({ url: `${before.url}/open` }));
    const problem = await problemOf(await ask(`${before.url}/echo`, bySession("ada")));
    expect(problem).toMatchObject({
      code: "auth_unavailable",
      detail: "the authentication service answered 508: it is behind this gateway itself",
    });
  });
});

test("a client of HTTP/2 is asked about in the same way", async () => {
  const session = http2Session(stage, gateway.url);
  const admitted = await askHttp2(session, "/echo", { cookie: "session=ada" });
  expect(valuesOf(JSON.parse(admitted.content) as Echo, "x-user")).toEqual(["ada"]);
  const refused = await askHttp2(session, "/echo", { accept: "text/html" });
  expect(refused).toMatchObject({ status: 302, content: "<a>log in</a>" });
  expect(refused.fields["set-cookie"]).toEqual(["state=1; HttpOnly"]);
});

test("a client that leaves ends its question", async () => {
  const own = startAuthService(stage);
  const before = await startGateway(stage, configOf({ url: own.url }));
  own.decide = () => new Promise(() => {});
  const client = await connectRaw(stage, before.port);
  client.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  const question = await eventually(() => own.questions[0]);
  client.reset();
  await eventually(() => question.signal.aborted);
  const [row] = await before.waitForRows(1);
  expect(row).toMatchObject({ status_code: 499, error_code: "client_closed" });
});

describe("with a cache", () => {
  test("one question is enough, across a reload too", async () => {
    const own = startAuthService(stage);
    const config = configOf({ url: own.url, cache: "1h" });
    const before = await startGateway(stage, config);
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await ask(`${before.url}/echo`, bySession("ada"));
        await answer.bytes();
        return answer.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(own.questions).toHaveLength(1);
    await before.reload({ ...config, rate_limiting: { requests_per_second: 1000 } });
    expect((await ask(`${before.url}/echo`, bySession("ada"))).status).toBe(200);
    expect(own.questions).toHaveLength(1);
    expect((await ask(`${before.url}/admin`, bySession("ada"))).status).toBe(200);
    expect((await ask(`${before.url}/echo`, bySession("bob"))).status).toBe(200);
    expect(own.questions).toHaveLength(3);
    await before.reload(configOf({ url: own.url }));
    expect((await ask(`${before.url}/echo`, bySession("ada"))).status).toBe(200);
    expect(own.questions).toHaveLength(4);
  });
});

test("behind a trusted proxy the service learns of the client, and not of the proxy", async () => {
  const server = { trusted_proxies: ["127.0.0.1"] };
  const before = await startGateway(stage, configOf({ url: service.url }, server));
  const answer = await ask(`${before.url}/echo`, {
    headers: {
      cookie: "session=ada",
      "x-forwarded-for": "192.0.2.9",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "shop.test",
      "x-user": "root",
    },
  });
  expect(valuesOf(await toldBy(answer), "x-user")).toEqual(["ada"]);
  expect(Object.fromEntries(service.questions.at(-1)?.fields ?? [])).toMatchObject({
    "x-forwarded-for": "192.0.2.9, 127.0.0.1",
    "x-real-ip": "192.0.2.9",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "shop.test",
    "x-original-url": "https://shop.test/echo",
  });
});

test.skipIf(!hasOpenssl)(
  "a service with a certificate of its own is asked if that is trusted",
  async () => {
    const secure = startAuthService(stage, issued);
    const trusting = await startGateway(
      stage,
      configOf({ url: secure.url, tls: { ca: join(issued.folder, "ca.pem") } }),
    );
    expect((await ask(`${trusting.url}/echo`, bySession("ada"))).status).toBe(200);
    const wary = await startGateway(stage, configOf({ url: secure.url }));
    expect((await ask(`${wary.url}/echo`, bySession("ada"))).status).toBe(503);
    expect(secure.questions).toHaveLength(1);
  },
);
