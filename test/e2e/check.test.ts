import { expect, test } from "bun:test";
import { join } from "node:path";
import { runToEnd } from "../support/child.ts";
import { startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

async function check(text: string, env: Record<string, string> = {}, flags: string[] = []) {
  const cwd = stage.folder();
  await Bun.write(join(cwd, "gateway.yaml"), text);
  return runToEnd(stage, ["check", "gateway.yaml", ...flags], { cwd, env });
}

const ROUTE = `routes: [{ path: /api/*, backends: ["http://127.0.0.1:9001"] }]`;

test.each(["config/gateway.yaml", "config/gateway.example.yaml"])("%s is valid", async (file) => {
  const { code, out, err } = await runToEnd(stage, ["check", file], {
    cwd: join(import.meta.dir, "../.."),
    env: { ADMIN_TOKEN: "secret" },
  });

  expect(err).toBe("");
  expect(out).toContain(`${file} is valid: `);
  expect(code).toBe(0);
});

test("a good file is said to be good", async () => {
  const { code, out, err } = await check(ROUTE);

  expect(out).toBe("gateway.yaml is valid: 1 route, 1 backend\n");
  expect(err).toBe("");
  expect(code).toBe(0);
});

/** The error, the file, and the expected positions and words. */
const wrong: [what: string, text: string, told: string[]][] = [
  [
    "an unknown key",
    `routes:\n  - path: /api/*\n    backends:\n      - { url: "http://a", wieght: 2 }\n`,
    ["gateway.yaml:4:28:", "unknown key `wieght`", "did you mean `weight`?"],
  ],
  ["an unknown section", `sever: {}\n${ROUTE}`, ["gateway.yaml:1:1:", "did you mean `server`?"]],
  ["a wrong type", `server:\n  port: many\n${ROUTE}`, ["gateway.yaml:2:9:", "whole number"]],
  ["a number out of range", `server: { port: 70000 }\n${ROUTE}`, ["gateway.yaml:1:17:", "65535"]],
  [
    "a duration without a unit",
    `server:\n  read_timeout: 30\n${ROUTE}`,
    ["gateway.yaml:2:17:", "a duration, like 250ms, 30s or 5m"],
  ],
  [
    "a size that is none",
    `server:\n  max_body_size: huge\n${ROUTE}`,
    ["gateway.yaml:2:18:", "a size, like 64KiB or 10MB"],
  ],
  [
    "neither a scalar nor an object that fits",
    `routes:\n  - path: /a\n    rate_limit: fast\n    backends: ["http://a"]\n`,
    ["gateway.yaml:3:17:", "requests per second, like 50", "{ rate, burst, key }"],
  ],
  ["a missing key", `routes:\n  - path: /a\n`, ["gateway.yaml:2:", "`backends`"]],
  ["no routes", `routes: []\n`, ["gateway.yaml:1:9:", "at least"]],
  ["an empty file", "", ["gateway.yaml:1:1:", "empty"]],
  ["YAML that is none", `server: {\n${ROUTE}\n`, ["gateway.yaml:2:1:"]],
  ["a key twice", `server: {}\nserver: {}\n${ROUTE}`, ["gateway.yaml:2:1:"]],
  [
    "a variable that is not set",
    `server: { host: "\${NO_SUCH_HOST}" }\n${ROUTE}`,
    ["gateway.yaml:1:", "NO_SUCH_HOST", "not set"],
  ],
  [
    "a backend's URL that is none",
    `routes:\n  - path: /a\n    backends: [localhost]\n`,
    ["gateway.yaml:3:16:", "begins with http:// or https://"],
  ],
  [
    "a backend twice",
    `routes:\n  - path: /a\n    backends: ["http://a", "http://a"]\n`,
    ["gateway.yaml:3:28:", "already a backend here"],
  ],
  [
    "a path that does not begin with a slash",
    `routes:\n  - { path: api, backends: ["http://a"] }\n`,
    ["gateway.yaml:2:13:", 'a path must begin with "/"'],
  ],
  [
    "a route that can never match",
    `routes:\n  - { path: /a, backends: ["http://a"] }\n  - { path: /a, backends: ["http://b"] }\n`,
    ["gateway.yaml:3:13:", 'the requests for "/a" are already taken by route 1, which has'],
  ],
  [
    "a method in small letters",
    `routes:\n  - { path: /a, methods: [get], backends: ["http://a"] }\n`,
    ["gateway.yaml:2:27:", "write `GET`"],
  ],
  [
    "every origin together with credentials",
    `cors:\n  allow_credentials: true\n  allowed_origins: ["*"]\n${ROUTE}`,
    ["gateway.yaml:3:20:", "together with `allow_credentials`"],
  ],
  [
    "a proxy that is no address",
    `server:\n  trusted_proxies: [proxy.local]\n${ROUTE}`,
    ["gateway.yaml:2:21:", "neither an address nor a network"],
  ],
  [
    "an interval that is too short",
    `health_check:\n  interval: 1ms\n${ROUTE}`,
    ["gateway.yaml:2:13:", "from 100ms to 1d"],
  ],
  [
    "a key of another gateway",
    `listen: 80\n${ROUTE}`,
    ["gateway.yaml:1:1:", "the gateway listens on `server.host` and `server.port`"],
  ],
  [
    "a provider of identities in a route",
    `routes:\n  - { path: /a, backends: ["http://a"], jwt: {} }\n`,
    ["gateway.yaml:2:41:", "tokens are verified by a provider under `auth` at the top"],
  ],
  [
    "a port in the server's host",
    `server: { host: "127.0.0.1:8080" }\n${ROUTE}`,
    ["gateway.yaml:1:17:", "write `host: 127.0.0.1` and `port: 8080`"],
  ],
  [
    "an address that is none",
    `server: { host: 300.1.1.1 }\n${ROUTE}`,
    ["gateway.yaml:1:17:", "an IPv4 address has four numbers from 0 to 255"],
  ],
  [
    "a database in a missing folder",
    `logging: { database: none/gateway.db }\n${ROUTE}`,
    ["gateway.yaml:1:22:", "the folder none does not exist; create it"],
  ],
  [
    "a database that is a folder",
    `logging: { database: . }\n${ROUTE}`,
    ["gateway.yaml:1:22:", ". is a folder; name a file in it"],
  ],
  [
    "an unquoted asterisk",
    `cors: { allowed_origins: [*] }\n${ROUTE}`,
    ["gateway.yaml:1:27:", 'text that begins with * needs quotes: write "*"'],
  ],
  [
    "an operator's address without a port",
    `admin: { listen: localhost }\n${ROUTE}`,
    ["gateway.yaml:1:18:", "it has no port; write `localhost:9090`"],
  ],
  [
    "a parameter in braces",
    `routes:\n  - { path: "/users/{id}", backends: ["http://a"] }\n`,
    ["gateway.yaml:2:21:", 'write "/users/:id"'],
  ],
  [
    "a duration above a year",
    `server: { shutdown_timeout: 400d }\n${ROUTE}`,
    ["gateway.yaml:1:29:", "`400d` is too long: this is at most 365d"],
  ],
  [
    "a timeout under both of its names",
    `server: { read_timeout: 1s, timeouts: { request: 2s } }\n${ROUTE}`,
    ["gateway.yaml:1:11:", "`read_timeout` is an older name of `timeouts.request`"],
  ],
  [
    "a choice that there is not",
    `logging:\n  level: inof\n${ROUTE}`,
    ["gateway.yaml:2:10:", "did you mean `info`?"],
  ],
];

test.each(wrong)("%s is an error with its place", async (_, text, told) => {
  const { code, out, err } = await check(text);

  expect(code).toBe(1);
  expect(out).toBe("");
  for (const words of told) expect(err).toContain(words);
  expect(err).not.toMatch(/union|undefined|\[object/i);
  expect(err).toEndWith("\ngateway.yaml: 1 error\n");
});

test("an error shows its line, and a caret below the culprit", async () => {
  const { err } = await check(`server:\n  prot: 80\n${ROUTE}\n`);

  const [message = "", line = "", caret = ""] = err.split("\n");
  expect(message).toMatch(/^gateway\.yaml:2:3: .*unknown key `prot`, did you mean `port`\?$/);
  expect(line).toMatch(/^ +2 \|   prot: 80$/);
  expect(caret.trim()).toBe("|   ^^^^");
  expect(caret.indexOf("^")).toBe(line.indexOf("prot"));
});

test("all errors are reported at once, in the order of their places", async () => {
  const { err } = await check(
    `server: { prot: 80, port: x }\nlogging: { level: loud }\nroutes:\n  - { paht: /a }\n`,
  );

  const places = [...err.matchAll(/^gateway\.yaml:(\d+):(\d+): /gm)].map(
    ([, line, column]) => Number(line) * 1000 + Number(column),
  );
  expect(places.length).toBeGreaterThanOrEqual(4);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  expect(err).toContain(`gateway.yaml: ${places.length} errors\n`);
});

test("variables are put in from the environment, or have a default", async () => {
  const text = `server: { host: "\${HOST_NAME}" }
routes: [{ path: /a, backends: ["\${BACKEND:-http://127.0.0.1:9001}"] }]\n`;

  expect((await check(text, { HOST_NAME: "127.0.0.1" })).code).toBe(0);
});

test("`serve` on a file with errors starts nothing", async () => {
  const cwd = stage.folder();
  await Bun.write(join(cwd, "gateway.yaml"), `server: { port: x }\n${ROUTE}`);

  const { code, out, err } = await runToEnd(stage, ["serve"], { cwd });

  expect(code).toBe(1);
  expect(out).toBe("");
  expect(err).toContain("gateway.yaml:1:17:");
  expect(await Bun.file(join(cwd, "gateway.db")).exists()).toBe(false);
});

const LOOP = `routes: [{ path: /api/*, backends: ["http://localhost:8080"] }]\n`;

test("what is probably not meant is a warning: valid, unless --strict", async () => {
  const lenient = await check(LOOP);
  expect(lenient.code).toBe(0);
  expect(lenient.out).toBe("gateway.yaml is valid: 1 route, 1 backend, 1 warning\n");
  expect(lenient.err).toContain("gateway.yaml:1:37: warning: http://localhost:8080 is the gateway");

  const strict = await check(LOOP, {}, ["--strict"]);
  expect(strict.code).toBe(1);
  expect(strict.err).toBe(lenient.err);
});

test("each warning has its place", async () => {
  const { code, err } = await check(`server: { trusted_proxies: [0.0.0.0/0] }
health_check: { interval: 2s, timeout: 3s }
routes:
  - path: /a
    tls: { server_name: a }
    backends: [{ url: "http://127.0.0.1:9001", weight: 3 }]
`);

  expect(code).toBe(0);
  expect(err.match(/^gateway\.yaml:\d+:\d+: warning: `?\S+/gm)).toEqual([
    "gateway.yaml:1:29: warning: `0.0.0.0/0`",
    "gateway.yaml:2:40: warning: `timeout`",
    "gateway.yaml:5:10: warning: `tls`",
    "gateway.yaml:6:56: warning: a",
  ]);
});

test("`serve` logs what is probably not meant, a line each, and starts", async () => {
  const proxies = ["10.0.0.0/8", "0.0.0.0/0"];
  const gateway = await startGateway(stage, {
    server: { trusted_proxies: proxies },
    health_check: { enabled: false },
    routes: [{ path: "/*", backends: ["http://127.0.0.1:9"] }],
  });

  expect(gateway.lines.matching(/\[WARN\] .*gateway.yaml:\d+:\d+: `0\.0\.0\.0\/0`/)).toHaveLength(
    1,
  );
});

test("values are taken in the forms that other software has", async () => {
  const { code, err, out } = await check(`x-backends: &backends [http://127.0.0.1:9001]
server: { timeouts: { request: 1m30s, response: 30 seconds, idle: 5 min }, max_body_size: 10M }
rate_limiting: false
cors: true
health_check: { interval: 1h0m0s, timeout: 500us }
logging: { retention: { max_age: 30 days, max_size: 1G } }
routes:
  - { path: /a, methods: "GET, POST", rate_limit: 600/min, backends: *backends }
  - { path: /b, methods: GET, rate_limit: 10 r/s, backends: http://127.0.0.1:9001 }
  - { path: /c, rate_limit: 5000 per hour, health_check: false, backends: *backends }
`);

  expect(err).toBe("");
  expect(out).toBe("gateway.yaml is valid: 3 routes, 1 backend\n");
  expect(code).toBe(0);
});

test("a section whose lines are all commented out counts as left out, with a warning", async () => {
  const { code, err } = await check(`cors:\n  # enabled: true\n${ROUTE}`);

  expect(code).toBe(0);
  expect(err).toContain("gateway.yaml:1:1: warning: `cors` is empty and counts as left out");
});
