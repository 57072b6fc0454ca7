import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { answer, type RawBackend, startRawBackend } from "../support/raw-backend.ts";
import { askRaw, type RawAnswer } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
let gateway: GatewayProcess;

/** Answers with its name, the target that it was sent, and the Host. */
function startNamed(name: string): Promise<RawBackend> {
  return startRawBackend(stage, (request) => {
    const [line = ""] = request.lines;
    request.send(answer([], `${name} ${line.split(" ")[1]} ${request.all("host").join()}`));
    request.end();
  });
}

async function startHttp2(): Promise<string> {
  const server = createServer((request, response) => {
    response.end(`http2 ${request.url} ${request.authority}`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  stage.defer(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const [open, guarded] = await Promise.all([startNamed("open"), startNamed("guarded")]);
  const http2 = await startHttp2();
  const backends = [open.url];
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/legacy/*", strip_prefix: "/legacy", backends },
      { path: "/based/*", strip_prefix: "/based", backends: [`${open.url}/base`] },
      { path: "/store/*", strip_prefix: "/store", preserve_path: true, backends },
      { path: "/users/:id", rewrite: "/v2/users/{path.id}", backends: [`${open.url}/base`] },
      { path: "/search/:what", rewrite: "/find?q={path.what}&by={auth.subject}", backends },
      {
        path: "/tenants/:tenant/*rest",
        rewrite: "/{path.rest}",
        host: "{path.tenant}.internal",
        backends,
      },
      {
        path: "/by-field/*rest",
        rewrite: "/t/{header.x-tenant}/{path.rest}",
        host: "{header.x-tenant}.internal",
        backends,
      },
      {
        path: "/h2/:id",
        rewrite: "/v2/{path.id}?",
        host: "users.internal",
        protocol: "http2",
        backends: [http2],
      },
      { path: "/img/:name", rewrite: "/files/{path.name}", backends },
      { path: "/files/private/*", rate_limit: 1, backends },
      { path: "/public/*", strip_prefix: "/public", backends },
      { path: "/public/admin/*", strip_prefix: "/public", backends: [guarded.url] },
      { path: "/strict/*rest", rewrite: "/x/{query.name}", encoded_slashes: "reject", backends },
    ],
  });
});

function get(target: string, ...fields: string[]): Promise<RawAnswer> {
  return askRaw(gateway.port, [`GET ${target} HTTP/1.1`, "Host: gateway.test", ...fields]);
}

/** Which backend was reached, with which target and Host; the error's code if none was. */
async function reached(target: string, ...fields: string[]): Promise<string> {
  const { status, content } = await get(target, ...fields);
  return status === 200 ? content : (JSON.parse(content) as { code: string }).code;
}

describe("a backend gets", () => {
  test.each([
    ["/legacy/orders?a=1", "open /orders?a=1 gateway.test"],
    ["/legacy/", "open / gateway.test"],
    ["/based/orders", "open /base/orders gateway.test"],
    ["/based/../based/./x", "open /base/x gateway.test"],
    ["/store/a//b/%2e/%61?x", "open /a//b/%2e/%61?x gateway.test"],
    ["/users/7?a=1", "open /base/v2/users/7?a=1 gateway.test"],
    ["/users/a%2fb%20c", "open /base/v2/users/a%2Fb%20c gateway.test"],
    ["/search/a&b=c%26d", "open /find?q=a%26b%3Dc%26d&by= gateway.test"],
    ["/tenants/acme/a/b?c", "open /a/b?c acme.internal"],
    ["/h2/7?x", "http2 /v2/7 users.internal"],
  ])("for %p %p", async (target, expected) => {
    expect(await reached(target)).toBe(expected);
  });

  test("what a field says, encoded for where it stands", async () => {
    expect(await reached("/by-field/x", "X-Tenant: acme")).toBe("open /t/acme/x acme.internal");
  });
});

describe("a value", () => {
  test.each([
    ["/by-field/other/x", "X-Tenant: ..", "invalid_path"],
    ["/by-field/other/x", "X-Tenant: ../admin", "invalid_path"],
    ["/by-field/other/x", "X-Tenant: a/b", "invalid_host"],
    ["/by-field/other/x", "X-Tenant: evil.test:80", "invalid_host"],
    ["/by-field/other/x", "X-Other: absent", "invalid_path"],
    ["/tenants/a%2Fb/x", "X-Other: 1", "invalid_host"],
    ["/strict/x?name=a/b", "X-Other: 1", "invalid_path"],
  ])("for %p with %p that cannot stand there is refused: %s", async (target, field, code) => {
    expect(await reached(target, field)).toBe(code);
  });
});

describe("a guarded path", () => {
  test.each([
    "/public/admin/x",
    "/public/./admin/x",
    "/public//admin/x",
    "/public/%61dmin/x",
    "/public/a/../admin/x",
  ])("is reached through its own route alone by %p", async (target) => {
    expect(await reached(target)).toBe("guarded /admin/x gateway.test");
  });

  test.each([
    "/public/admin%2Fx",
    "/public/admin%5Cx",
    "/public/admin\\x",
    "/public/%2Fadmin/x",
    "/public/a%2F..%2Fadmin/x",
    "/public/..%2Fpublic/admin/x",
    "/public/a/..;/admin/x",
    "/public/%252e%252e/admin/x",
  ])("is not reached by %p", async (target) => {
    expect(await reached(target)).toBe("invalid_path");
  });
});

describe("what a route asks a backend for", () => {
  test.each([
    ["/img/a%2Fb", "open /files/a%2Fb gateway.test"],
    ["/img/private%252Fx", "open /files/private%252Fx gateway.test"],
    ["/img/private%2Fx", "invalid_path"],
    ["/img/private%5cx", "invalid_path"],
    ["/img/%2Fprivate%2Fx", "invalid_path"],
  ])("is not reached through another by %p: %p", async (target, expected) => {
    expect(await reached(target)).toBe(expected);
  });
});
