import { afterAll, beforeAll, expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const FRIEND = "https://app.example.com";
const STRANGER = "https://evil.example.net";
const PREFLIGHT = { "Access-Control-Request-Method": "PUT" };

let named: GatewayProcess;
let anybody: GatewayProcess;

beforeAll(async () => {
  const mock = await startMockProcess(stage, "A");
  const gone = await startMockProcess(stage, "B");
  gone.kill("SIGKILL");
  const opinionated = await startRawBackend(stage, (request) => {
    const fields = [
      "Access-Control-Allow-Origin: https://backend.example",
      "Access-Control-Allow-Credentials: true",
      "Access-Control-Expose-Headers: X-Backend",
      "Vary: Accept-Encoding",
    ];
    request.send(answer(fields, "hello"));
    request.end();
  });
  const routes = [
    { path: "/api/users/*", backends: [mock.url] },
    { path: "/echo/*", backends: [mock.url] },
    { path: "/gone/*", backends: [gone.url] },
    { path: "/opinionated/*", backends: [opinionated.url] },
    {
      path: "/limited/*",
      backends: [mock.url],
      rate_limit: { requests_per_second: "1/h", burst: 1 },
    },
  ];
  named = await startGateway(stage, {
    health_check: noHealthChecks,
    cors: {
      allowed_origins: ["https://first.example.com", FRIEND],
      allowed_methods: ["GET", "PUT"],
      allowed_headers: ["X-Token"],
      exposed_headers: ["X-Request-Id", "X-Total"],
      allow_credentials: true,
      max_age: "10m",
    },
    routes,
  });
  anybody = await startGateway(stage, {
    health_check: noHealthChecks,
    cors: { allowed_origins: ["*"] },
    routes,
  });
});

function from(origin: string, fields: Record<string, string> = {}) {
  return { headers: { Origin: origin, ...fields } };
}

test("an allowed origin is named in the answer, with credentials and exposed fields", async () => {
  const { status, headers } = await ask(`${named.url}/api/users/1`, from(FRIEND));

  expect(status).toBe(200);
  expect(headers.get("access-control-allow-origin")).toBe(FRIEND);
  expect(headers.get("access-control-allow-credentials")).toBe("true");
  expect(headers.get("access-control-expose-headers")).toBe("X-Request-Id, X-Total");
  expect(headers.get("vary")).toContain("Origin");
});

test("a stranger gets the answer without CORS fields, and caches learn why", async () => {
  const { status, headers } = await ask(`${named.url}/api/users/1`, from(STRANGER));

  expect(status).toBe(200);
  expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  expect(headers.get("vary")).toContain("Origin");
});

test("an answer to a request without an origin still says that it varies by origin", async () => {
  const { headers } = await ask(`${named.url}/api/users/1`);

  expect(headers.has("access-control-allow-origin")).toBe(false);
  expect(headers.get("vary")).toContain("Origin");
});

test("where any origin is allowed the answer says so to everybody alike", async () => {
  const { headers } = await ask(`${anybody.url}/api/users/1`, from(STRANGER));

  expect(headers.get("access-control-allow-origin")).toBe("*");
  expect(headers.has("access-control-allow-credentials")).toBe(false);
  expect(headers.get("vary") ?? "").not.toContain("Origin");
});

test("a preflight is answered by the gateway", async () => {
  const response = await ask(`${named.url}/echo/x`, {
    method: "OPTIONS",
    ...from(FRIEND, { ...PREFLIGHT, "Access-Control-Request-Headers": "x-token" }),
  });

  expect(response.status).toBe(204);
  expect(await response.text()).toBe("");
  const { headers } = response;
  expect(headers.get("access-control-allow-origin")).toBe(FRIEND);
  expect(headers.get("access-control-allow-credentials")).toBe("true");
  expect(headers.get("access-control-allow-methods")).toBe("GET, PUT");
  expect(headers.get("access-control-allow-headers")).toBe("X-Token");
  expect(headers.get("access-control-max-age")).toBe("600");
  expect(headers.get("vary")).toContain("Origin");
  expect(headers.has("via")).toBe(false);
});

test("a stranger's preflight is answered too, and allows nothing", async () => {
  const { status, headers } = await ask(`${named.url}/echo/x`, {
    method: "OPTIONS",
    ...from(STRANGER, PREFLIGHT),
  });

  expect(status).toBe(204);
  expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});

test.each([
  ["an origin", { "Access-Control-Request-Method": "PUT" }],
  ["a method that is asked for", { Origin: FRIEND }],
])("an OPTIONS request without %s is no preflight and reaches the backend", async (_, headers) => {
  const response = await ask(`${named.url}/echo/x`, {
    method: "OPTIONS",
    headers: headers as Record<string, string>,
  });

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ server: "A", method: "OPTIONS" });
});

test("a preflight takes no token of a rate limit", async () => {
  const preflight = { method: "OPTIONS", ...from(FRIEND, PREFLIGHT) };
  for (let sent = 0; sent < 5; sent += 1) {
    expect((await ask(`${anybody.url}/limited/1`, preflight)).status).toBe(204);
  }
  expect((await ask(`${anybody.url}/limited/1`, from(FRIEND))).status).not.toBe(429);
});

test.each([
  ["a 404 for an unknown path", "/nowhere", 404],
  ["a 502 for an unreachable backend", "/gone/1", 502],
])("%s carries CORS fields", async (_, path, status) => {
  const response = await ask(`${named.url}${path}`, from(FRIEND));

  expect(response.status).toBe(status);
  expect(response.headers.get("access-control-allow-origin")).toBe(FRIEND);
  expect(response.headers.get("access-control-allow-credentials")).toBe("true");
});

test("a 429 carries CORS fields", async () => {
  await ask(`${named.url}/limited/1`, from(FRIEND));
  const { status, headers } = await ask(`${named.url}/limited/1`, from(FRIEND));

  expect(status).toBe(429);
  expect(headers.get("access-control-allow-origin")).toBe(FRIEND);
});

test("what the backend says of CORS is replaced, not doubled", async () => {
  const { all } = await askRaw(named.port, [
    "GET /opinionated/1 HTTP/1.1",
    "Host: gateway",
    `Origin: ${FRIEND}`,
  ]);

  expect(all("access-control-allow-origin")).toEqual([FRIEND]);
  expect(all("access-control-allow-credentials")).toEqual(["true"]);
  expect(all("access-control-expose-headers")).toEqual(["X-Request-Id, X-Total"]);
  expect(all("vary").join(", ")).toBe("Accept-Encoding, Origin");
});

test("what the backend says of CORS does not let a stranger in", async () => {
  const { headers } = await ask(`${named.url}/opinionated/1`, from(STRANGER));

  expect(headers.has("access-control-allow-origin")).toBe(false);
  expect(headers.has("access-control-allow-credentials")).toBe(false);
});
