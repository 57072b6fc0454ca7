import { createHash } from "node:crypto";
import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const hashOf = (key: string) => `sha256:${createHash("sha256").update(key).digest("hex")}`;
const ADA = "key-of-ada-0123456789-abcdefghijkl";
const BOB = "key-of-bob-0123456789-abcdefghijkl";

const AUTH = {
  machines: {
    api_key: {
      keys: {
        ada: { hash: hashOf(ADA) },
        bob: { hash: hashOf(BOB), rate_limit: { rate: "1/h", burst: 2 } },
      },
      from: "header:x-api-key",
    },
  },
};

/** A backend with limits of its own. */
function startBackend(): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("ok", { headers: { ratelimit: '"theirs";r=1' } }),
  });
  stage.defer(() => server.stop(true));
  return server.url.href;
}

async function gatewayWith(
  route: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<GatewayProcess> {
  return startGateway(stage, {
    health_check: noHealthChecks,
    auth: AUTH,
    ...more,
    routes: [{ path: "/api/*", backends: [startBackend()], ...route }],
  });
}

/** Sends requests one after another and returns their statuses. */
async function statuses(url: string, count: number, headers: Record<string, string> = {}) {
  const found: number[] = [];
  for (let sent = 0; sent < count; sent += 1) found.push((await ask(url, { headers })).status);
  return found;
}

test("limits by address come before auth, those by identity after it, and one that refuses takes from none", async () => {
  const gateway = await gatewayWith({
    auth: "machines",
    rate_limit: [
      { rate: "1/h", burst: 6, key: "client_ip" },
      { rate: "1/h", burst: 2, key: "{auth.subject}", name: "by key" },
    ],
  });
  const url = `${gateway.url}/api/1`;

  expect(await statuses(url, 3, { "x-api-key": ADA })).toEqual([200, 200, 429]);
  const refused = await ask(url, { headers: { "x-api-key": ADA } });
  expect(refused.headers.get("ratelimit-policy")).toBe('"/api/*";q=6;w=21600, "by key";q=2;w=7200');
  expect(refused.headers.get("ratelimit")).toMatch(
    /^"\/api\/\*";r=4;t=(3600|359\d), "by key";r=0;t=(3600|359\d)$/,
  );
  expect(await problemOf(refused)).toMatchObject({
    code: "rate_limited",
    "violated-policies": ["by key"],
  });
  expect(await statuses(url, 5)).toEqual([401, 401, 401, 401, 429]);
  expect(await statuses(url, 1, { "x-api-key": ADA })).toEqual([429]);
});

test("a key's own limit is charged and reported with the route's, and replaces what the backend says", async () => {
  const gateway = await gatewayWith({ auth: "machines" });
  const url = `${gateway.url}/api/1`;

  const first = await ask(url, { headers: { "x-api-key": BOB } });
  expect(first.headers.get("ratelimit-policy")).toBe('"machines";q=2;w=7200');
  expect(first.headers.get("ratelimit")).toMatch(/^"machines";r=1;t=(3600|359\d)$/);
  expect(await statuses(url, 2, { "x-api-key": BOB })).toEqual([200, 429]);
  expect(await statuses(url, 3, { "x-api-key": ADA })).toEqual([200, 200, 200]);
});

test("keys of fields, parameters and combinations count apart, and absent values together", async () => {
  const gateway = await gatewayWith({
    path: "/api/:id",
    rate_limit: { rate: "1/h", burst: 1, key: "{path.id} {header.x-tenant}" },
  });
  const at = (id: string) => `${gateway.url}/api/${id}`;

  expect(await statuses(at("1"), 2, { "x-tenant": "a" })).toEqual([200, 429]);
  expect(await statuses(at("1"), 2, { "x-tenant": "b" })).toEqual([200, 429]);
  expect(await statuses(at("2"), 2, { "x-tenant": "a" })).toEqual([200, 429]);
  expect(await statuses(at("2"), 2)).toEqual([200, 429]);
});

test("exempt networks are not counted", async () => {
  const gateway = await gatewayWith(
    { rate_limit: { rate: "1/h", burst: 1, key: "client_ip", exempt: "10.0.0.0/8" } },
    { server: { trusted_proxies: ["127.0.0.1"] } },
  );
  const from = (address: string) => ({ "x-forwarded-for": address });
  const url = `${gateway.url}/api/1`;

  expect(await statuses(url, 3, from("10.1.2.3"))).toEqual([200, 200, 200]);
  expect(await statuses(url, 2, from("192.0.2.1"))).toEqual([200, 429]);
});

test("routes share a limit of one name, at costs of their own", async () => {
  const limit = { rate: "1/h", burst: 10, key: "client_ip", name: "account" };
  const backends = [startBackend()];
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/search", backends, rate_limit: { ...limit, cost: 5 } },
      { path: "/read", backends, rate_limit: limit },
    ],
  });

  expect(await statuses(`${gateway.url}/search`, 1)).toEqual([200]);
  expect(await statuses(`${gateway.url}/read`, 1)).toEqual([200]);
  expect(await statuses(`${gateway.url}/search`, 1)).toEqual([429]);
  expect(await statuses(`${gateway.url}/read`, 5)).toEqual([200, 200, 200, 200, 429]);
});

test("a reload leaves the levels of limits that it does not change, wherever they stand in the list", async () => {
  const backends = [startBackend()];
  const limited = (...limits: readonly object[]) => ({
    health_check: noHealthChecks,
    routes: [{ path: "/api/*", backends, rate_limit: limits }],
  });
  const byTenant = { rate: "1/h", burst: 3, key: "{header.x-tenant}" };
  const gateway = await startGateway(stage, limited(byTenant));
  const url = `${gateway.url}/api/1`;
  expect(await statuses(url, 2)).toEqual([200, 200]);

  await gateway.reload(limited({ rate: 1000 }, { ...byTenant, requests_per_second: "1/h" }));
  expect(await statuses(url, 2)).toEqual([200, 429]);
});
