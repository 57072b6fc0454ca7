import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { hasOpenssl, issuedForAll } from "../support/certificates.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const issued = issuedForAll("local", "IP:127.0.0.1,DNS:localhost");
let gateway: GatewayProcess;

beforeAll(async () => {
  const backend = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, server) {
      if (server.upgrade(request)) return undefined;
      const own = new URL(request.url).pathname === "/own";
      return new Response("ok", {
        headers: {
          server: "Backend/1.0",
          "x-powered-by": "PHP/5.6",
          ...(own && {
            "x-frame-options": "DENY",
            "strict-transport-security": "max-age=60",
            "content-security-policy": "default-src 'self'",
          }),
        },
      });
    },
    websocket: { message() {} },
  });
  stage.defer(() => backend.stop(true));
  const url = `http://127.0.0.1:${backend.port}`;
  const { folder } = issued;
  const files = { certificate: join(folder, "local.pem"), key: join(folder, "local.key") };
  gateway = await startGateway(stage, {
    ...(hasOpenssl && {
      server: { trusted_proxies: ["127.0.0.1"], tls: { port: 0, certificates: [files] } },
    }),
    health_check: noHealthChecks,
    security_headers: true,
    routes: [
      { path: "/*", backends: [url] },
      {
        path: "/strict/*",
        strip_prefix: "/strict",
        backends: [url],
        security_headers: {
          csp: "default-src 'none'",
          frame_options: "sameorigin",
          override: true,
        },
      },
      { path: "/raw", backends: [url], security_headers: false },
      { path: "/gone", backends: ["http://127.0.0.1:1"] },
    ],
  });
});

async function fieldsOf(url: string, headers: Record<string, string> = {}) {
  const answer = await ask(url, { headers, tls: { ca: issued.ca } });
  await answer.bytes();
  return Object.fromEntries(answer.headers);
}

describe("an answer of a backend", () => {
  test("has the fields, and not what it says of its software", async () => {
    const fields = await fieldsOf(`${gateway.url}/page`);
    expect(fields).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "strict-origin-when-cross-origin",
    });
    expect(Object.keys(fields)).not.toContain("strict-transport-security");
    expect(Object.keys(fields)).not.toContain("server");
    expect(Object.keys(fields)).not.toContain("x-powered-by");
  });

  test("keeps what the backend says itself, unless the route overrides it", async () => {
    expect(await fieldsOf(`${gateway.url}/own`)).toMatchObject({
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'self'",
    });
    expect(await fieldsOf(`${gateway.url}/strict/own`)).toMatchObject({
      "x-frame-options": "SAMEORIGIN",
      "content-security-policy": "default-src 'none'",
    });
  });

  test("passes as it is where that is turned off", async () => {
    const fields = await fieldsOf(`${gateway.url}/raw`);
    expect(fields).toMatchObject({ server: "Backend/1.0", "x-powered-by": "PHP/5.6" });
    expect(Object.keys(fields)).not.toContain("x-content-type-options");
  });
});

test.skipIf(!hasOpenssl)("browsers are bound to https only where they came by it", async () => {
  const usual = "max-age=31536000";
  const name = "strict-transport-security";
  expect((await fieldsOf(`${gateway.tlsUrl}/page`))[name]).toBe(usual);
  expect((await fieldsOf(`${gateway.tlsUrl}/own`))[name]).toBe("max-age=60");
  expect((await fieldsOf(`${gateway.tlsUrl}/strict/own`))[name]).toBe(usual);
  expect(await fieldsOf(`${gateway.url}/own`)).not.toHaveProperty(name);
  const byHttps = { "x-forwarded-proto": "https" };
  expect((await fieldsOf(`${gateway.url}/page`, byHttps))[name]).toBe(usual);
});

test("errors of the gateway have the fields, with and without a route", async () => {
  const small = await startGateway(stage, {
    security_headers: true,
    routes: [{ path: "/a", methods: ["GET"], respond: 200 }],
  });
  for (const [url, status] of [
    [`${gateway.url}/gone`, 502],
    [`${small.url}/b`, 404],
    [`${small.url}/a`, 405],
  ] as const) {
    const answer = await ask(url, { method: status === 405 ? "PUT" : "GET" });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  }
});

test("an upgrade passes without them", async () => {
  const answer = await ask(`${gateway.url}/ws`, {
    headers: {
      connection: "upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    },
  });
  expect(answer.status).toBe(101);
  expect(answer.headers.has("x-content-type-options")).toBe(false);
});
