import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** So slow that nothing comes back while a test runs. */
const PER_HOUR = "1/h";

async function admittedOf(urls: readonly string[], fields: Record<string, string> = {}) {
  const answers = await Promise.all(urls.map((url) => ask(url, { headers: fields })));
  return answers.filter(({ status }) => status === 200).length;
}

function times(count: number, url: string): string[] {
  return Array.from({ length: count }, () => url);
}

test("a burst from many connections gets no more through than burst and rate allow", async () => {
  const mock = await startMockProcess(stage, "A");
  const rate = 20;
  const burst = 30;
  const gateway = await startGateway(stage, {
    rate_limiting: { requests_per_second: rate, burst },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  const started = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, id) =>
      askRaw(gateway.port, [`GET /api/users/${id} HTTP/1.1`, "Host: gateway"]),
    ),
  );
  const seconds = (performance.now() - started) / 1000;

  const admitted = answers.filter(({ status }) => status === 200).length;
  expect(admitted).toBeGreaterThanOrEqual(burst);
  expect(admitted).toBeLessThanOrEqual(burst + rate * seconds);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(200 - admitted);
});

test("a refused request gets a problem and a time to come back", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    rate_limiting: { requests_per_second: 0.1, burst: 1 },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  const admitted = await ask(`${gateway.url}/api/users/1`);
  const refused = await ask(`${gateway.url}/api/users/1`);

  expect(admitted.status).toBe(200);
  expect(admitted.headers.get("ratelimit-policy")).toBe('"default";q=1;w=10');
  expect(admitted.headers.get("ratelimit")).toMatch(/^"default";r=0;t=(10|9)$/);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toMatch(/^(10|9)$/);
  expect(refused.headers.get("ratelimit-policy")).toBe('"default";q=1;w=10');
  expect(refused.headers.get("ratelimit")).toMatch(/^"default";r=0;t=(10|9)$/);
  expect(await problemOf(refused)).toMatchObject({
    code: "rate_limited",
    title: "Too many requests",
  });
});

test("a route's own limit holds in addition to the one for all, and neither pays for the other", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    rate_limiting: { requests_per_second: PER_HOUR, burst: 5 },
    routes: [
      {
        path: "/api/users/*",
        backends: [mock.url],
        rate_limit: { requests_per_second: PER_HOUR, burst: 3 },
      },
      { path: "/api/orders/*", backends: [mock.url] },
    ],
  });

  expect(await admittedOf(times(20, `${gateway.url}/api/users/1`))).toBe(3);
  expect(await admittedOf(times(20, `${gateway.url}/api/orders/1`))).toBe(2);
});

test("a limit that is just a number holds for its route alone", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    routes: [
      { path: "/api/users/*", backends: [mock.url], rate_limit: 2 },
      { path: "/api/orders/*", backends: [mock.url] },
    ],
  });

  const started = performance.now();
  const admitted = await admittedOf(times(60, `${gateway.url}/api/users/1`));
  const seconds = (performance.now() - started) / 1000;

  expect(admitted).toBeGreaterThanOrEqual(2);
  expect(admitted).toBeLessThanOrEqual(2 + 2 * seconds);
  expect(await admittedOf(times(60, `${gateway.url}/api/orders/1`))).toBe(60);
});

test("with `key: client_ip` each client behind a trusted proxy has its own bucket", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    server: { trusted_proxies: ["127.0.0.1"] },
    rate_limiting: { requests_per_second: PER_HOUR, burst: 2, key: "client_ip" },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });
  const urls = times(10, `${gateway.url}/api/users/1`);

  expect(await admittedOf(urls, { "X-Forwarded-For": "192.0.2.1" })).toBe(2);
  expect(await admittedOf(urls, { "X-Forwarded-For": "192.0.2.2" })).toBe(2);
  expect(await admittedOf(urls, { "X-Forwarded-For": "192.0.2.9, 192.0.2.2" })).toBe(0);
});

test("a client that nobody trusts cannot pass for others", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    rate_limiting: { requests_per_second: PER_HOUR, burst: 2, key: "client_ip" },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, id) =>
      ask(`${gateway.url}/api/users/1`, { headers: { "X-Forwarded-For": `192.0.2.${id}` } }),
    ),
  );

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
});

test("requests that match no route count against the limit for all", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    rate_limiting: { requests_per_second: PER_HOUR, burst: 1 },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  expect((await ask(`${gateway.url}/nowhere`)).status).toBe(404);
  expect((await ask(`${gateway.url}/nowhere`)).status).toBe(429);
  expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(429);
});

test("a limit that is switched off admits everybody", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    rate_limiting: { enabled: false, requests_per_second: PER_HOUR, burst: 1 },
    routes: [{ path: "/api/users/*", backends: [mock.url] }],
  });

  expect(await admittedOf(times(20, `${gateway.url}/api/users/1`))).toBe(20);
});

test("a reload leaves an unchanged limit as empty as it was, and begins a changed one again", async () => {
  const mock = await startMockProcess(stage, "A");
  const withBurst = (burst: number, more: object = {}) => ({
    ...more,
    routes: [
      {
        path: "/api/users/*",
        backends: [mock.url],
        rate_limit: { requests_per_second: PER_HOUR, burst },
      },
    ],
  });
  const gateway = await startGateway(stage, withBurst(3));
  const url = `${gateway.url}/api/users/1`;
  expect(await admittedOf(times(2, url))).toBe(2);

  await gateway.reload(withBurst(3, { cors: { enabled: true } }));
  expect(await admittedOf(times(5, url))).toBe(1);

  await gateway.reload(withBurst(2));
  expect(await admittedOf(times(5, url))).toBe(2);
});
