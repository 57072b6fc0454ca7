import { describe, expect, test } from "bun:test";
import { ownPages } from "../../../src/server/own-pages.ts";
import { world } from "../runtime/world.ts";
import { ask, problemOf } from "../../support/ask.ts";
import { createStage } from "../../support/stage.ts";
import { askRaw } from "../../support/raw-http.ts";
import { mockBackend, start } from "./running.ts";

const stage = createStage();

describe("/health", () => {
  test("says that the gateway is well, and which one it is", async () => {
    const { url } = start(stage, `routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`);
    const response = await ask(`${url}/health`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toEqual({
      status: "healthy",
      service: "gateway",
      version: "1.2.3",
    });
    const head = await ask(`${url}/health`, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
  });

  test("takes GET and HEAD alone", async () => {
    const { url } = start(stage, `routes: [{ path: /a, backends: ["${mockBackend(stage)}"] }]`);
    const response = await ask(`${url}/health`, { method: "POST" });
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(await problemOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
  });

  test("belongs to a route that spells it out", async () => {
    const backend = mockBackend(stage, "backend");
    const { url } = start(stage, `routes: [{ path: /health, backends: ["${backend}"] }]`);
    expect(await (await ask(`${url}/health`)).text()).toContain('"backend"');
  });
});

describe("/admin on the main port", () => {
  test.each(["GET /admin/backends", "GET http://1.2.3.4.5/admin/backends"])(
    "is a path like any other for a Host that is no name of this machine: %s",
    async (line) => {
      const { url } = start(stage, `routes: [{ path: /a, backends: ["${mockBackend(stage)}"] }]`);
      const port = Number(new URL(url).port);
      const { status, content } = await askRaw(port, [`${line} HTTP/1.1`, "Host: 1.2.3.4.5"]);
      expect(status).toBe(404);
      expect(JSON.parse(content)).toMatchObject({ code: "route_not_found" });
    },
  );

  test("shows the operator the backends and the log's counts", async () => {
    const backend = mockBackend(stage);
    const { url } = start(
      stage,
      `routes: [{ path: "/*", backends: [{ url: "${backend}", weight: 3 }] }]`,
    );
    expect(await (await ask(`${url}/admin/backends`)).json()).toMatchObject({
      backends: { "/*": [{ url: backend, weight: 3, healthy: true }] },
    });
    const counts = (await (await ask(`${url}/admin/log`)).json()) as Record<string, number>;
    expect(Object.keys(counts).toSorted()).toEqual([
      "dropped",
      "lines_dropped",
      "queued",
      "written",
    ]);
  });

  test("says 404 as the gateway does for a page that is not there", async () => {
    const { url } = start(stage, `routes: [{ path: /a, backends: ["${mockBackend(stage)}"] }]`);
    expect(await problemOf(await ask(`${url}/admin/nothing`))).toMatchObject({
      code: "route_not_found",
      detail: "no route matches /admin/nothing",
    });
    expect((await ask(`${url}/admin`)).status).toBe(404);
  });

  test("is for everybody else a path like any other", async () => {
    const { url, port } = start(
      stage,
      `routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`,
    );
    const strangers = [
      await ask(`${url}/admin/log`, { headers: { "x-forwarded-for": "127.0.0.1" } }),
      await ask(`${url}/admin/log`, { headers: { host: "rebound.test" } }),
    ];
    for (const response of strangers)
      expect(await response.text()).toContain("There is nothing at");
    const ancient = await askRaw(port, ["GET /admin/log HTTP/1.0"]);
    expect(ancient.content).toContain("There is nothing at");
  });

  test("opens to a token from anywhere", async () => {
    const { url } = start(
      stage,
      `
admin: { token: s3cret }
routes: [{ path: /a, backends: ["${mockBackend(stage)}"] }]`,
    );
    const headers = { host: "gateway.test", authorization: "Bearer s3cret" };
    expect((await ask(`${url}/admin/log`, { headers })).status).toBe(200);
    const wrong = { ...headers, authorization: "Bearer guess" };
    expect((await ask(`${url}/admin/log`, { headers: wrong })).status).toBe(404);
    expect((await ask(`${url}/admin/log`)).status).toBe(404);
  });

  test("shows this machine two pages, to be read only", async () => {
    const backend = mockBackend(stage);
    const { url } = start(stage, `routes: [{ path: "/*", backends: ["${backend}"] }]`);
    for (const [method, path] of [
      ["POST", "/admin/backends"],
      ["DELETE", "/admin/log"],
      ["GET", "/admin/login"],
      ["GET", "/admin/"],
      ["GET", "/admin"],
    ] as const) {
      const response = await ask(url + path, { method });
      expect(await response.text()).toContain("There is nothing at");
    }
  });

  test("asks this machine for the token too where both are wanted", async () => {
    const { url } = start(
      stage,
      `
admin: { token: s3cret, main_port: local }
routes: [{ path: /a, backends: ["${mockBackend(stage)}"] }]`,
    );
    const authorization = "Bearer s3cret";
    expect((await ask(`${url}/admin/log`)).status).toBe(404);
    expect((await ask(`${url}/admin/log`, { headers: { authorization } })).status).toBe(200);
    const elsewhere = { authorization, host: "gateway.test" };
    expect((await ask(`${url}/admin/log`, { headers: elsewhere })).status).toBe(404);
  });

  test("shows nothing where it is off", async () => {
    const { url, adminUrl } = start(
      stage,
      `
admin: { main_port: off }
routes: [{ path: /a, backends: ["${mockBackend(stage)}"] }]`,
    );
    expect((await ask(`${url}/admin/log`)).status).toBe(404);
    expect((await ask(`${adminUrl}/admin/log`)).status).toBe(200);
  });

  test("belongs to a route that spells it out", async () => {
    const backend = mockBackend(stage);
    const { url } = start(stage, `routes: [{ path: "/admin/*", backends: ["${backend}"] }]`);
    expect(await (await ask(`${url}/admin/log`)).text()).toContain("There is nothing at");
  });

  test("hands a page's answer on as it is", async () => {
    const page = (answer: Response) => {
      const made: ReturnType<typeof world> = world({
        ownPages: ownPages({
          snapshot: () => made.gateway.snapshot,
          version: "1",
          mainPort: () => 80,
          redirectPort: () => undefined,
          admin: { isOperator: () => true, has: () => true, handle: async () => answer },
        }),
      });
      return made.ask("/admin/page");
    };
    const html = await page(new Response("<p>", { headers: { "content-type": "text/html" } }));
    expect([html.status, html.headers.get("content-type")]).toEqual([200, "text/html"]);
    expect(html.headers.get("cache-control")).toBe("no-store");
    expect(html.headers.get("x-request-id")).toBe("id-1");
    const headers = new Headers({ location: "/admin/keys/1", "x-transfer": "1" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    const created = await page(new Response("made", { status: 201, headers }));
    expect([created.status, await created.text()]).toEqual([201, "made"]);
    expect(created.headers.get("location")).toBe("/admin/keys/1");
    expect(created.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    for (const status of [204, 304, 400, 404, 500]) {
      expect((await page(new Response(null, { status }))).status).toBe(status);
    }
  });
});

describe("the operator's own port", () => {
  const withAdmin = (more = "") => `
admin: { listen: "127.0.0.1:0"${more} }
routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`;

  test("has the pages, and the main port has them no more", async () => {
    const { url, adminUrl } = start(stage, withAdmin());
    expect((await ask(`${adminUrl}/admin/backends`)).status).toBe(200);
    expect((await ask(`${adminUrl}/admin/nothing`)).status).toBe(404);
    expect(await (await ask(`${url}/admin/backends`)).text()).toContain("There is nothing at");
  });

  test("asks for the token", async () => {
    const { adminUrl } = start(stage, withAdmin(", token: s3cret"));
    const refused = await ask(`${adminUrl}/admin/backends`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="gateway"');
    expect(await refused.text()).toContain("operator");
    const headers = { authorization: "Bearer s3cret" };
    expect((await ask(`${adminUrl}/admin/backends`, { headers })).status).toBe(200);
  });

  test("does not answer a page with its own name, nor a request without Host", async () => {
    const { adminUrl } = start(stage, withAdmin());
    const host = new URL(adminUrl ?? "").host;
    const strangers = [
      { host: "rebound.test" },
      { host: `rebound.test:${new URL(adminUrl ?? "").port}` },
      { host, origin: "http://evil.test" },
      { host, "sec-fetch-site": "cross-site" },
      { host, "x-forwarded-for": "192.0.2.1" },
    ] as Record<string, string>[];
    for (const headers of strangers) {
      const refused = await ask(`${adminUrl}/admin/log`, { headers });
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain("operator port");
    }
    const port = Number(new URL(adminUrl ?? "").port);
    expect((await askRaw(port, ["GET /admin/log HTTP/1.0"])).status).toBe(403);
  });

  test("is one of this machine's where none is chosen", async () => {
    const routes = `routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`;
    const urls = [start(stage, routes), start(stage, routes)].map(({ adminUrl }) => adminUrl ?? "");
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) {
      expect(url).toStartWith("http://127.0.0.1:");
      expect((await ask(`${url}/admin/log`)).status).toBe(200);
    }
  });

  test("is closed where it is off", () => {
    const routes = `routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`;
    expect(start(stage, `admin: { listen: off }\n${routes}`).adminUrl).toBeUndefined();
  });
});
