import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { ask, problemOf } from "../support/ask.ts";
import { echo, valuesOf } from "../support/echo.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { message, converse } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterEach);

const KEY = "a key for tests that nobody else knows, long enough";
const hash = `sha256:${createHash("sha256").update(KEY).digest("hex")}`;
const KNOWN = `X-Api-Key: ${KEY}`;

/** A gateway that knows one key of Ada's. */
async function start(backend: string) {
  const claims = { role: "admin", scope: "users:read", "full name": "Ada Lovelace" };
  return startGateway(stage, {
    health_check: noHealthChecks,
    auth: {
      machines: {
        api_key: { keys: { ada: { hash, claims } } },
        identity_headers: {
          "X-User": "{auth.provider}/{auth.subject}",
          "X-Name": "{auth.claims.full name}",
          "X-Mail": "{auth.claims.email}",
        },
      },
    },
    routes: [
      { path: "/echo/closed", backends: [backend], auth: "machines" },
      { path: "/echo/open", backends: [backend] },
      {
        path: "/echo/readers",
        backends: [backend],
        auth: "machines",
        require: { scope: "users:read", claims: { role: ["support", "admin"] } },
      },
      {
        path: "/echo/writers",
        backends: [backend],
        auth: "machines",
        require: { scope: ["users:read", "users:write"] },
      },
    ],
  });
}

/** Who clients say they are. */
const CLAIMS = [
  "X-User: root",
  "x_user: root",
  "X.Mail: root@example.com",
  "X-MAIL: root@example.com",
  "X-Auth-Subject: root",
  "x~auth~provider: root",
];

describe("the fields that tell a backend who a client is", () => {
  test("have what the operator wrote, and nothing that a client sent", async () => {
    const mock = await startMockProcess(stage, "A");
    const { port } = await start(mock.url);
    const request = ["GET /echo/closed HTTP/1.1", "Host: gateway", KNOWN];
    const seen = await echo(port, [...request, ...CLAIMS, "Connection: x-user, x-name"]);
    expect(valuesOf(seen, "x-user")).toEqual(["machines/ada"]);
    expect(valuesOf(seen, "x-name")).toEqual(["Ada Lovelace"]);
    expect(JSON.stringify(seen)).not.toContain("root");
    expect(JSON.stringify(seen)).not.toContain(KEY);
  });

  test("reach no backend from a client on a route without auth", async () => {
    const mock = await startMockProcess(stage, "A");
    const { port } = await start(mock.url);
    const request = ["GET /echo/open HTTP/1.1", "Host: gateway", KNOWN];
    const seen = await echo(port, [...request, ...CLAIMS]);
    expect(JSON.stringify(seen.fields)).not.toContain("root");
  });

  test("do not come behind content either", async () => {
    const backend = await startRawBackend(stage, (request) => {
      void request.received("0\r\n").then(() => {
        request.send(message(["HTTP/1.1 200 OK", "Content-Length: 0", "Connection: close"]));
        request.end();
      });
    });
    const { port } = await start(backend.url);
    const head = ["POST /echo/open HTTP/1.1", "Host: gateway", "TE: trailers"];
    const large = "a".repeat(70_000);
    const content = `${large.length.toString(16)}\r\n${large}\r\n0\r\nX-User: root\r\nX-Sum: 1\r\n\r\n`;
    const framing = ["Transfer-Encoding: chunked", "Trailer: X-User, X-Sum", "Connection: close"];
    const next = backend.next();
    const answered = converse(port, message([...head, ...framing], content));
    const request = await next;
    await request.received("X-Sum: 1");
    expect(await answered).toStartWith("HTTP/1.1 200");
    expect(await isIn(request.received("root"))).toBe(false);
  });
});

/** Whether a promise has settled by now. */
function isIn(promise: Promise<void>): Promise<boolean> {
  return Promise.race([promise.then(() => true), Promise.resolve().then(() => false)]);
}

describe("a route that asks for scopes and claims", () => {
  test("lets in who has them, and tells the others what they lack", async () => {
    const mock = await startMockProcess(stage, "A");
    const gateway = await start(mock.url);
    const statusOf = async (path: string, headers: Record<string, string> = {}) =>
      (await ask(`${gateway.url}${path}`, { headers })).status;
    const key = { "x-api-key": KEY };
    expect(await statusOf("/echo/readers", key)).toBe(200);
    expect(await statusOf("/echo/readers")).toBe(401);
    const refused = await ask(`${gateway.url}/echo/writers`, { headers: key });
    expect(await problemOf(refused)).toMatchObject({
      status: 403,
      code: "insufficient_scope",
      detail: "this route asks for the scope users:write",
    });
    const rows = await gateway.waitForRows(3);
    expect(
      rows.map(({ subject, provider, error_code }) => [subject, provider, error_code]),
    ).toEqual([
      ["ada", "machines", null],
      [null, null, "unauthorized"],
      ["ada", "machines", "insufficient_scope"],
    ]);
  });
});
