import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { hasProxies, startHaproxy, startNginx } from "../support/reverse-proxy.ts";
import { createStage } from "../support/stage.ts";
import { requires } from "../support/requires.ts";

const stage = createStage(afterAll);
const isRoot = requires(process.geteuid?.() === 0, "root, to run proxies as other users");
const OWN_USER = "root";
const BACKEND = "http://127.0.0.1:1/the-operator-alone-may-see-this";
const PATHS = ["/admin/backends", "/admin/log"];

let gateway: GatewayProcess;
let withToken: GatewayProcess;

beforeAll(async () => {
  const routes = [{ path: "/api/*", backends: [BACKEND] }];
  const health_check = noHealthChecks;
  gateway = await startGateway(stage, { health_check, routes });
  withToken = await startGateway(stage, {
    health_check,
    admin: { token: "s3cret", main_port: "local" },
    routes,
  });
});

/** Asks a proxy for the operator's pages by every name that could look local at the gateway. */
async function expectNothing(proxy: string, { port }: GatewayProcess): Promise<void> {
  const hosts = [
    `localhost:${port}`,
    `127.0.0.1:${port}`,
    `[::1]:${port}`,
    "localhost",
    "api.test",
  ];
  for (const path of PATHS) {
    for (const host of hosts) {
      for (const connection of ["keep-alive", "close"]) {
        const answer = await ask(proxy + path, { headers: { host, connection } });
        const text = await answer.text();
        expect([path, host, connection, answer.status]).toEqual([path, host, connection, 404]);
        expect(text).not.toContain(BACKEND);
      }
    }
  }
}

describe.skipIf(!hasProxies)("through a real reverse proxy on this machine", () => {
  test("the pages are there for a program that asks directly", async () => {
    for (const path of PATHS) expect((await ask(gateway.url + path)).status).toBe(200);
  });

  test.each([
    ["as it comes", []],
    ["by HTTP/1.1", ["proxy_http_version 1.1;"]],
    ["with the client's host name", ["proxy_set_header Host $host;", "proxy_http_version 1.1;"]],
    ["with the client's Host", ["proxy_set_header Host $http_host;"]],
    [
      "with the usual fields",
      [
        "proxy_http_version 1.1;",
        'proxy_set_header Connection "";',
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Real-IP $remote_addr;",
      ],
    ],
  ])("an outsider gets nothing by nginx %s", async (_, lines) => {
    const proxy = await startNginx(stage, {
      user: OWN_USER,
      lines: [`proxy_pass ${gateway.url};`, ...lines],
    });
    await expectNothing(proxy, gateway);
  });

  test("an outsider gets nothing by nginx with connections that it keeps", async () => {
    const proxy = await startNginx(stage, {
      user: OWN_USER,
      http: [`upstream behind { server 127.0.0.1:${gateway.port}; keepalive 8; }`],
      lines: [
        "proxy_pass http://behind;",
        "proxy_http_version 1.1;",
        'proxy_set_header Connection "";',
      ],
    });
    await expectNothing(proxy, gateway);
  });

  test("an outsider gets nothing by HAProxy with forwardfor", async () => {
    const proxy = await startHaproxy(stage, {
      user: OWN_USER,
      lines: ["mode http", "option forwardfor", `server g 127.0.0.1:${gateway.port}`],
    });
    await expectNothing(proxy, gateway);
  });

  // These hide completely; only the user that they run as identifies them.
  test
    .skipIf(!isRoot)
    .each([
      { lines: ["mode http"] },
      { lines: ["mode http", "http-reuse always"] },
      { lines: ["mode http", "http-reuse never"] },
      { lines: ["mode tcp"] },
    ])("an outsider gets nothing by HAProxy of another user: $lines", async ({ lines }) => {
    const proxy = await startHaproxy(stage, {
      user: "haproxy",
      lines: [...lines, `server g 127.0.0.1:${gateway.port}`],
    });
    await expectNothing(proxy, gateway);
  });

  test.skipIf(!isRoot)(
    "an outsider gets nothing by nginx of another user that keeps connections",
    async () => {
      const proxy = await startNginx(stage, {
        user: "www-data",
        http: [`upstream behind { server 127.0.0.1:${gateway.port}; keepalive 8; }`],
        lines: [
          "proxy_pass http://behind;",
          "proxy_http_version 1.1;",
          'proxy_set_header Connection "";',
          "proxy_set_header Host $http_host;",
        ],
      });
      await expectNothing(proxy, gateway);
    },
  );

  test("a token keeps out those by a proxy of the gateway's own user as well", async () => {
    for (const mode of ["http", "tcp"]) {
      const proxy = await startHaproxy(stage, {
        user: OWN_USER,
        lines: [`mode ${mode}`, `server g 127.0.0.1:${withToken.port}`],
      });
      await expectNothing(proxy, withToken);
    }
  });
});
