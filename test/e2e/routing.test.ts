import { expect, test } from "bun:test";
import { ask, problemOf, serverOf } from "../support/ask.ts";
import { startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

async function startPair() {
  return Promise.all([startMockProcess(stage, "A"), startMockProcess(stage, "B")]);
}

async function serversInTurn(url: string, count: number): Promise<string> {
  let servers = "";
  for (let sent = 0; sent < count; sent += 1) servers += await serverOf(ask(url));
  return servers;
}

test("backends of equal weight take turns", async () => {
  const [a, b] = await startPair();
  const gateway = await startGateway(stage, {
    routes: [{ path: "/api/users/*", backends: [a.url, b.url] }],
  });

  expect(await serversInTurn(`${gateway.url}/api/users/1`, 10)).toBe("ABABABABAB");
});

test("weights 2 and 1 give A B A, again and again", async () => {
  const [a, b] = await startPair();
  const backends = [{ url: a.url, weight: 2 }, { url: b.url }];
  const gateway = await startGateway(stage, { routes: [{ path: "/api/users/*", backends }] });

  expect(await serversInTurn(`${gateway.url}/api/users/1`, 9)).toBe("ABAABAABA");
});

test("300 requests at the same time are shared exactly by the weights 2 and 1", async () => {
  const [a, b] = await startPair();
  const backends = [
    { url: a.url, weight: 2 },
    { url: b.url, weight: 1 },
  ];
  const gateway = await startGateway(stage, { routes: [{ path: "/api/users/*", backends }] });

  const servers = await Promise.all(
    Array.from({ length: 300 }, (_, id) => serverOf(ask(`${gateway.url}/api/users/${id}`))),
  );

  expect(servers.filter((name) => name === "A")).toHaveLength(200);
  expect(servers.filter((name) => name === "B")).toHaveLength(100);
});

test("each route balances by itself, though routes share their backends", async () => {
  const [a, b] = await startPair();
  const backends = [a.url, b.url];
  const gateway = await startGateway(stage, {
    routes: [
      { path: "/api/users/*", backends },
      { path: "/api/orders/*", backends },
    ],
  });

  let servers = "";
  for (let turn = 0; turn < 3; turn += 1) {
    servers += await serverOf(ask(`${gateway.url}/api/users/1`));
    servers += await serverOf(ask(`${gateway.url}/api/orders/1`));
  }

  expect(servers).toBe("AABBAA");
});

test("the most specific route takes a request, whatever the order in the file", async () => {
  const names = ["wild", "parameter", "exact"];
  const mocks = await Promise.all(names.map((name) => startMockProcess(stage, name)));
  const paths = ["/api/*", "/api/users/:id", "/api/users/1"];
  const routes = mocks.map(({ url }, index) => ({ path: paths[index], backends: [url] }));
  for (const ordered of [routes, routes.toReversed()]) {
    const gateway = await startGateway(stage, { routes: ordered });
    expect(await serverOf(ask(`${gateway.url}/api/users/1`))).toBe("exact");
    expect(await serverOf(ask(`${gateway.url}/api/users/2`))).toBe("parameter");
    expect(await serverOf(ask(`${gateway.url}/api/orders/2`))).toBe("wild");
  }
});

test.each(["/api/users/*", "/api/users/*filepath"])(
  "%s matches /api/users/ and what is below it, not /api/users",
  async (path) => {
    const mock = await startMockProcess(stage, "A");
    const gateway = await startGateway(stage, { routes: [{ path, backends: [mock.url] }] });

    expect((await ask(`${gateway.url}/api/users/`)).headers.has("via")).toBe(true);
    expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
    const above = await ask(`${gateway.url}/api/users`);
    expect(above.status).toBe(404);
    expect(above.headers.get("content-type")).toBe("application/problem+json");
  },
);

test("two routes with one path are distinguished by their methods", async () => {
  const [a, b] = await startPair();
  const gateway = await startGateway(stage, {
    routes: [
      { path: "/api/users", methods: ["GET"], backends: [a.url] },
      { path: "/api/users", methods: ["POST"], backends: [b.url] },
    ],
  });

  expect(await serverOf(ask(`${gateway.url}/api/users`))).toBe("A");
  expect(await serverOf(ask(`${gateway.url}/api/users`, { method: "POST" }))).toBe("B");
});

/** Routes without backends, each with a mock that is called like the route; and what they are asked by. */
async function startRoutes(
  routes: readonly { readonly name: string; readonly [key: string]: unknown }[],
) {
  const withBackends = routes.map(async (route) => {
    const { url } = await startMockProcess(stage, route.name);
    return { ...route, backends: [url] };
  });
  const server = { trusted_proxies: ["127.0.0.2"] };
  return startGateway(stage, { server, routes: await Promise.all(withBackends) });
}

test("the host decides first: itself, the longest wildcard, none", async () => {
  const gateway = await startRoutes([
    { name: "any", path: "/*" },
    { name: "wild", path: "/*", hosts: ["*.example.com"] },
    { name: "api", path: "/v1/*", hosts: ["api.example.com", "[::1]"] },
  ]);
  const asking = async (host: string, path = "/v1/a") => {
    const { content } = await askRaw(gateway.port, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
    return /"server":\s?"(\w+)"/.exec(content)?.[1] ?? content;
  };

  for (const host of [
    "api.example.com",
    "API.Example.COM.:81",
    "%61pi.example%2ecom",
    "[0::1]:80",
  ]) {
    expect(await asking(host)).toBe("api");
  }
  expect(await asking("www.example.com")).toBe("wild");
  expect(await asking("a.b.example.com")).toBe("wild");
  expect(await asking("api.example.com", "/v2/a")).toBe("wild");
  expect(await asking("example.com")).toBe("any");
  expect(await asking(`${"a.".repeat(300)}example.com`)).toBe("any");

  const rows = await gateway.waitForRows(9);
  const routes = rows.map(({ route }) => route).join(" ");
  expect(routes).toBe("api api api api wild wild wild any any");
});

test("a host without a route is answered with 404 that names it", async () => {
  const gateway = await startRoutes([{ name: "api", path: "/*", hosts: ["api.example.com"] }]);
  const refused = await problemOf(
    await ask(`${gateway.url}/a`, { headers: { host: "b.example" } }),
  );
  expect(refused).toMatchObject({
    code: "route_not_found",
    detail: "no route matches /a of b.example",
  });
  expect((await ask(`${gateway.url}/health`, { headers: { host: "b.example" } })).status).toBe(200);
});

test("among routes of one path the one whose conditions ask for most takes a request", async () => {
  const v2 = { "x-version": "2" };
  const gateway = await startRoutes([
    { name: "none", path: "/*" },
    { name: "v2", path: "/*", headers: v2 },
    { name: "beta", path: "/*", headers: v2, query: { beta: { matches: "^(on|yes)$" } } },
    { name: "inside", path: "/*", clients: ["127.0.0.0/8"], headers: v2, query: { beta: "on" } },
    { name: "tie", path: "/*", headers: { "x-tie": { present: true } }, priority: 1 },
  ]);
  const asking = (query: string, headers: Record<string, string> = {}) =>
    serverOf(ask(`${gateway.url}/a${query}`, { headers }));

  expect(await asking("?beta=on")).toBe("none");
  expect(await asking("", v2)).toBe("v2");
  expect(await asking("?b%65ta=yes", v2)).toBe("beta");
  expect(await asking("?beta=on", v2)).toBe("inside");
  expect(await asking("", { ...v2, "x-tie": "" })).toBe("tie");
});

test("a preflight gets the CORS fields of the route that its request would get", async () => {
  const cors = { allowed_origins: ["https://beta.example"] };
  const gateway = await startRoutes([
    { name: "stable", path: "/*" },
    { name: "beta", path: "/*", methods: ["PUT"], headers: { "x-beta": "1" }, cors },
  ]);
  const preflight = (names: string) =>
    ask(`${gateway.url}/a`, {
      method: "OPTIONS",
      headers: {
        origin: "https://beta.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": names,
      },
    });

  expect((await preflight("x-beta")).headers.get("access-control-allow-origin")).toBe(
    "https://beta.example",
  );
});
