import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { stringify } from "yaml";
import { ask, problemOf } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import type { Echo } from "../support/echo.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const TOKEN = "correct horse battery staple".replaceAll(" ", "-");
const withToken = { Authorization: `Bearer ${TOKEN}` };
let mock: MockProcess;

beforeAll(async () => {
  mock = await startMockProcess(stage, "A");
});

const routes = () => [{ path: "/api/users/*", backends: [{ url: mock.url, weight: 3 }] }];

describe("on the main port", () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway(stage, { routes: routes() });
  });

  test("somebody on this machine sees the backends by route", async () => {
    const response = await ask(`${gateway.url}/admin/backends`);

    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({
      backends: {
        "/api/users/*": [{ url: mock.url, healthy: true, in_flight: 0, weight: 3 }],
      },
    });
  });

  const strangers: [string, Record<string, string>][] = [
    ["X-Forwarded-For", { "X-Forwarded-For": "127.0.0.1" }],
    ["Forwarded", { Forwarded: "for=127.0.0.1" }],
    ["X-Real-IP", { "X-Real-IP": "127.0.0.1" }],
    ["X-Request-Id", { "X-Request-Id": "1" }],
    ["Via", { Via: "1.1 proxy" }],
    ["a Host that is not this machine's", { Host: "admin.example.com" }],
    ["a Host with another port", { Host: "localhost:1" }],
    ["a Host without a port", { Host: "localhost" }],
    ["Connection: close", { Connection: "close" }],
    ["the Origin of another page", { Origin: "http://localhost:3000" }],
    ["the Referer of another page", { Referer: "http://evil.test/" }],
    ["the mark of another site's page", { "Sec-Fetch-Site": "cross-site" }],
    ["a token that nobody has set", { ...withToken, Host: "admin.example.com" }],
  ];

  test.each(strangers)(
    "a request with %s finds what it finds at any unknown path",
    async (_, headers) => {
      const admin = await ask(`${gateway.url}/admin/backends`, { headers });
      const unknown = await ask(`${gateway.url}/unknown/backends`, { headers });

      expect(admin.status).toBe(404);
      const fieldsOf = (response: Response) =>
        [...response.headers]
          .filter(([name]) => name !== "x-request-id" && name !== "date" && name !== "connection")
          .map(([name, value]) => [name, name === "content-length" ? Number(value) : value]);
      const inPlace = (text: string) => text.replaceAll("/unknown/", "/admin/");
      const [adminFields, unknownFields] = [fieldsOf(admin), fieldsOf(unknown)];
      const difference = "/unknown/".length - "/admin/".length;
      expect(adminFields).toEqual(
        unknownFields.map(([name, value]) => [
          name,
          typeof value === "number" ? value - difference : value,
        ]) as typeof adminFields,
      );
      const { request_id: _a, ...adminProblem } = await problemOf(admin);
      const { request_id: _b, ...unknownProblem } = await problemOf(unknown);
      expect(JSON.stringify(adminProblem)).toBe(inPlace(JSON.stringify(unknownProblem)));
    },
  );

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])("%s is for nobody", async (method) => {
    expect((await ask(`${gateway.url}/admin/backends`, { method })).status).toBe(404);
  });

  test("a bare HTTP/1.0 request, such as nginx sends, is a stranger's", async () => {
    const { port } = gateway;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
      const lines = ["GET /admin/backends HTTP/1.0", `Host: ${host}`];
      expect((await askRaw(port, lines)).status).toBe(404);
    }
  });

  test("a path that the operator's pages do not have is a 404 like any other", async () => {
    const response = await ask(`${gateway.url}/admin/nothing`);
    expect(response.status).toBe(404);
    expect(await problemOf(response)).toMatchObject({ code: "route_not_found" });
  });

  test("/health answers everyone", async () => {
    const response = await ask(`${gateway.url}/health`, {
      headers: { Host: "api.example.com", "X-Forwarded-For": "192.0.2.1" },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "healthy" });
  });
});

describe("on the main port, with a token", () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway(stage, { admin: { token: TOKEN }, routes: routes() });
  });

  test.each([
    ["from this machine", {}],
    ["through a proxy", { "X-Forwarded-For": "127.0.0.1" }],
    ["by another name", { Host: "admin.example.com" }],
  ] as [string, Record<string, string>][])("it is asked for %s", async (_, headers) => {
    const url = `${gateway.url}/admin/backends`;
    expect((await ask(url, { headers })).status).toBe(404);
    const wrong = { ...headers, Authorization: "Bearer wrong" };
    expect((await ask(url, { headers: wrong })).status).toBe(404);
    expect((await ask(url, { headers: { ...headers, ...withToken } })).status).toBe(200);
  });
});

test("a route for all paths gets those below /admin that the gateway does not have", async () => {
  const gateway = await startGateway(stage, {
    routes: [{ path: "/*", backends: [`${mock.url}/echo`] }],
  });
  const path = async (below: string, init = {}) =>
    ((await (await ask(gateway.url + below, init)).json()) as Echo).path;

  expect(await path("/admin/login")).toBe("/echo/admin/login");
  expect(await path("/admin/")).toBe("/echo/admin/");
  expect(await path("/admin/backends", { method: "POST" })).toBe("/echo/admin/backends");
  expect(await path("/admin/backends", { headers: { Host: "api.test" } })).toBe(
    "/echo/admin/backends",
  );
  expect(await path("/admin/backends")).toBeUndefined();
});

test("without an address for the operator's pages each gateway finds itself one", async () => {
  const first = await startGateway(stage, { routes: routes() });
  const second = await startGateway(stage, { routes: routes() });

  expect(first.adminUrl).not.toBe(second.adminUrl);
  for (const { adminUrl } of [first, second]) {
    expect(adminUrl).toStartWith("http://127.0.0.1:");
    expect((await ask(`${adminUrl}/admin/backends`)).status).toBe(200);
  }
});

describe("on its own port", () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway(stage, { admin: { listen: "127.0.0.1:0" }, routes: routes() });
  });

  test("the operator's pages are there", async () => {
    const response = await ask(`${gateway.adminUrl}/admin/backends`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ backends: { "/api/users/*": [{ weight: 3 }] } });
  });

  test("and nowhere else: on the main port they are an unknown path", async () => {
    expect((await ask(`${gateway.url}/admin/backends`)).status).toBe(404);
  });

  test("no traffic passes there", async () => {
    expect((await ask(`${gateway.adminUrl}/api/users/1`)).status).toBe(404);
  });

  test.each([
    ["that has a name of its own lead here", { Host: "rebound.example.com" }],
    ["of another origin", { Origin: "http://evil.test" }],
    ["of another site", { "Sec-Fetch-Site": "cross-site" }],
    ["of another site, in an old browser", { Referer: "http://evil.test/" }],
  ] as [string, Record<string, string>][])("a page %s is kept out", async (_, headers) => {
    for (const method of ["GET", "POST"]) {
      const response = await ask(`${gateway.adminUrl}/admin/backends`, { method, headers });
      expect(response.status).toBe(403);
      expect(await response.text()).not.toContain(mock.url);
    }
  });
});

test("where a token is configured, the operator's own port asks everybody for it", async () => {
  const gateway = await startGateway(stage, {
    admin: { listen: "127.0.0.1:0", token: TOKEN },
    routes: routes(),
  });
  const url = `${gateway.adminUrl}/admin/backends`;

  const without = await ask(url);
  expect(without.status).toBe(401);
  expect(without.headers.get("www-authenticate")).toContain("Bearer");
  expect((await ask(url, { headers: { Authorization: "Bearer wrong" } })).status).toBe(401);
  expect((await ask(url, { headers: withToken })).status).toBe(200);
});

test("a token may come from the environment", async () => {
  const gateway = await startGateway(
    stage,
    { admin: { token: "${ADMIN_TOKEN}" }, routes: routes() },
    { env: { ADMIN_TOKEN: TOKEN } },
  );
  const asked = { headers: { Host: "admin.example.com", ...withToken } };
  expect((await ask(`${gateway.url}/admin/backends`, asked)).status).toBe(200);
});

test("an operator's port that others can reach needs a token, or `check` fails", async () => {
  const folder = stage.folder();
  const config = (admin: object) => stringify({ admin, routes: routes() });
  await Bun.write(`${folder}/open.yaml`, config({ listen: "0.0.0.0:9090" }));
  await Bun.write(`${folder}/closed.yaml`, config({ listen: "0.0.0.0:9090", token: TOKEN }));

  const open = await runToEnd(stage, ["check", "open.yaml"], { cwd: folder });
  const closed = await runToEnd(stage, ["check", "closed.yaml"], { cwd: folder });

  expect(open.code).toBe(1);
  expect(open.err).toContain("open.yaml:2:11");
  expect(open.err).toContain("admin.token");
  expect(closed.code).toBe(0);
});
