import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../../src/config/load.ts";
import { ROUTE, route, errorsIn, warningsIn } from "./loading.ts";

describe("a warning", () => {
  test("leaves the configuration valid", () => {
    const text = `server: { trusted_proxies: [0.0.0.0/0] }\n${ROUTE}`;
    const { config, diagnostics } = loadConfig("gateway.yaml", text, {});
    expect(config?.routes).toHaveLength(1);
    expect(diagnostics).toMatchObject([{ line: 1, column: 29, severity: "warning" }]);
  });

  test("is reported together with errors", () => {
    const text = `server: { trusted_proxies: ["::/0", x] }\n${ROUTE}`;
    expect(warningsIn(text)).toHaveLength(1);
    expect(errorsIn(text)).toHaveLength(1);
    expect(loadConfig("gateway.yaml", text, {}).config).toBeUndefined();
  });
});

describe("what is valid and probably not meant is warned of", () => {
  test.each([
    [
      "proxies that are everybody",
      `server: { trusted_proxies: [10.0.0.0/8, 0.0.0.0/0] }\n${ROUTE}`,
      "1:41: `0.0.0.0/0` trusts everyone: any client can choose its own address and scheme with X-Forwarded-*; name the proxies' own networks",
    ],
    [
      "PROXY from everybody",
      `server: { proxy_protocol: "::/0" }\n${ROUTE}`,
      "1:27: `::/0` lets anyone choose its own address by the PROXY protocol, and refuses all who do not speak it; name the proxies' own networks",
    ],
    [
      "a log that is called off",
      `logging: { database: off }\n${ROUTE}`,
      "1:22: `off` is a file's name here: rows cannot be turned off altogether; `log: off` in `defaults` leaves out those of all routes",
    ],
    [
      "header sections that may take forever",
      `server: { header_timeout: 0 }\n${ROUTE}`,
      "1:27: without a limit, clients that never finish a request's header section keep their connections forever",
    ],
    [
      "more connections for a client than for all",
      `server: { max_connections: 100, max_connections_per_client: 101 }\n${ROUTE}`,
      "1:61: it is above `max_connections`, and therefore never takes effect",
    ],
    [
      "tls with http backends only",
      route("tls: { server_name: a }"),
      "4:10: `tls` has no effect: no backend here has an https:// URL",
    ],
    [
      "a health check's timeout above its interval",
      `health_check: { interval: 2s, timeout: 3s }\n${ROUTE}`,
      "1:40: `timeout` is longer than `interval`: unresponsive backends are checked less often than every `interval`",
    ],
    [
      "a route's interval below the timeout at the top",
      `health_check: { timeout: 9s }\n${route("health_check: { interval: 5s }")}`,
      "5:5: `timeout` is longer than `interval`: unresponsive backends are checked less often than every `interval`",
    ],
    [
      "the weight of an only backend",
      "routes: [{ path: /a, backends: [{ url: http://a, weight: 3 }] }]",
      "1:58: a weight has no effect on an only backend",
    ],
    [
      "an exchange that ends before its response may begin",
      route("timeouts: { exchange: 5s, response: 10s }"),
      "4:27: `exchange` is shorter than `response`, which therefore never takes effect",
    ],
  ])("%s", (_what, text, warning) => {
    expect(warningsIn(text)).toEqual([warning]);
    expect(errorsIn(text)).toEqual([]);
  });

  test.each([
    ["", "http://localhost:8080"],
    ["", "http://127.0.0.1:8080/base"],
    ["", "http://[::1]:8080"],
    ["server: { port: 80 }", "http://localhost"],
    ["server: { host: 127.0.0.1 }", "http://LOCALHOST:8080"],
    ["server: { host: 10.0.0.7 }", "http://10.0.0.7:8080"],
    ["server: { host: gateway.local }", "http://gateway.local:8080"],
    ["admin: { listen: 127.0.0.1:9090 }", "http://localhost:9090"],
  ])("a backend that is the gateway: with %j, %s", (top, url) => {
    const text = `${top}\nroutes: [{ path: /a, backends: ["${url}"] }]\n`;
    expect(warningsIn(text)).toEqual([`2:33: ${url} is the gateway itself: requests would loop`]);
  });
});

describe("a route's rate limit above the one for all routes", () => {
  const warning =
    "this limit has no effect: `rate_limiting` admits only 100 requests per second to all routes together";

  test("is warned of", () => {
    expect(warningsIn(`rate_limiting: true\n${route("rate_limit: 101")}`)).toEqual([
      `5:17: ${warning}`,
    ]);
    const limit = "rate_limit: { requests_per_second: 200, key: client_ip }";
    expect(warningsIn(`rate_limiting: true\n${route(limit)}`)).toEqual([`5:40: ${warning}`]);
  });

  test.each([
    "rate_limiting: { requests_per_second: 101 }",
    "rate_limiting: { key: client_ip }",
    "rate_limiting: false",
    "",
  ])("is fine with %j", (top) => {
    expect(warningsIn(`${top}\n${route("rate_limit: 101")}`)).toEqual([]);
  });
});

describe("there is no warning", () => {
  test.each([
    ["of another port", "", "http://localhost:8081"],
    ["of another machine", "", "http://10.0.0.7:8080"],
    ["of another address of this machine", "server: { host: 127.0.0.1 }", "http://127.0.0.2:8080"],
    ["of https, which the gateway does not speak there", "", "https://localhost:8080"],
    ["of a port that the system chooses", "server: { port: 0 }", "http://localhost"],
  ])("%s", (_what, top, url) => {
    expect(warningsIn(`${top}\nroutes: [{ path: /a, backends: ["${url}"] }]\n`)).toEqual([]);
  });

  test("of tls with one https backend, nor of checks that are off", () => {
    const tls = "tls: { server_name: a }, backends: [http://a, https://b]";
    expect(warningsIn(`routes: [{ path: /a, ${tls} }]\n`)).toEqual([]);
    expect(
      warningsIn(`health_check: { enabled: false, interval: 1s, timeout: 3s }\n${ROUTE}`),
    ).toEqual([]);
  });

  test("of a default that is longer than what was written", () => {
    expect(warningsIn(`health_check: { interval: 1s }\n${ROUTE}`)).toEqual([]);
    expect(warningsIn(route("health_check: { interval: 1s }"))).toEqual([]);
  });
});
