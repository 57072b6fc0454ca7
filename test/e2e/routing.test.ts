import { expect, test } from "bun:test";
import { ask, serverOf } from "../support/ask.ts";
import { startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
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
