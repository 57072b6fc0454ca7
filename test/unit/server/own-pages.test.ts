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
    expect(Object.keys(counts).toSorted()).toEqual(["dropped", "queued", "written"]);
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
  });

  test("belongs to a route that spells it out", async () => {
    const backend = mockBackend(stage);
    const { url } = start(stage, `routes: [{ path: "/admin/*", backends: ["${backend}"] }]`);
    expect(await (await ask(`${url}/admin/log`)).text()).toContain("There is nothing at");
  });

  // What cannot be shown must not look as if it could.
  test("does not call an error of its own a success", async () => {
    const made: ReturnType<typeof world> = world({
      ownPages: ownPages({
        snapshot: () => made.gateway.snapshot,
        version: "1",
        admin: {
          isOperator: () => true,
          handle: async () => new Response("broken", { status: 500 }),
        },
      }),
    });
    expect((await made.ask("/admin/log")).status).toBe(500);
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

  test("does not answer a page with a name of its own, nor a request without Host", async () => {
    const { adminUrl } = start(stage, withAdmin());
    const headers = { host: "rebound.test" };
    expect((await ask(`${adminUrl}/admin/log`, { headers })).status).toBe(401);
    const port = Number(new URL(adminUrl ?? "").port);
    expect((await askRaw(port, ["GET /admin/log HTTP/1.0"])).status).toBe(401);
  });
});
