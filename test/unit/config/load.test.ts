import { describe, expect, test } from "bun:test";
import { loaded, ROUTE, route, errorsIn } from "./loading.ts";

const TOP_KEYS =
  "valid keys: `server`, `admin`, `store`, `logging`, `metrics`, `tracing`, `health_check`, `security_headers`, `cors`, `rate_limiting`, `auth`, `upstreams`, `defaults` and `routes`";
const RATE = "expected a rate above zero: a number per second, like 50, or text like 50/s or 600/m";
const RATE_LIMIT =
  "expected requests per second, like 50 or 600/m, or { rate, burst, key }, or a list of these";
const ONE_RATE_LIMIT = "expected requests per second, like 50 or 600/m, or { rate, burst, key }";

describe("an unknown key", () => {
  test.each([
    ["at the top", `sever: {}\n${ROUTE}`, "1:1: unknown key `sever`, did you mean `server`?"],
    ["like none at the top", `bogus: 1\n${ROUTE}`, `1:1: unknown key \`bogus\`; ${TOP_KEYS}`],
    [
      "in a section",
      `server:\n  prot: 80\n${ROUTE}`,
      "2:3: unknown key `prot`, did you mean `port`?",
    ],
    [
      "in a section of a section",
      `logging: { retention: { maxAge: 1d } }\n${ROUTE}`,
      "1:25: unknown key `maxAge`, did you mean `max_age`?",
    ],
    ["in a list", route("method: [GET]"), "4:5: unknown key `method`, did you mean `methods`?"],
    [
      "in a list of a list",
      "routes:\n  - path: /a\n    backends:\n      - { url: http://a, wieght: 2 }\n",
      "4:26: unknown key `wieght`, did you mean `weight`?",
    ],
    [
      "of a section at the top",
      `listen: x\n${ROUTE}`,
      "1:1: unknown key `listen`: the gateway listens on `server.host` and `server.port`",
    ],
    [
      "of a route in a section",
      `server: { rate_limit: 5 }\n${ROUTE}`,
      "1:11: unknown key `rate_limit`: the limit for all routes together is `rate_limiting`",
    ],
    [
      "of a section in a route",
      route("server_name: x"),
      "4:5: unknown key `server_name`: that is `hosts`",
    ],
    [
      "of a section of a route in the route",
      route("burst: 5"),
      "4:5: unknown key `burst`, it belongs under `rate_limit`",
    ],
  ])("%s is reported with its right name or place", (_where, text, message) => {
    expect(errorsIn(text)).toEqual([message]);
  });

  test("with a name that all objects have is reported like any other", () => {
    expect(errorsIn(`__proto__: { port: 1 }\nconstructor: 1\n${ROUTE}`)).toEqual([
      `1:1: unknown key \`__proto__\`; ${TOP_KEYS}`,
      `2:1: unknown key \`constructor\`; ${TOP_KEYS}`,
    ]);
    expect(errorsIn(`server: { __proto__: { port: 9 } }\n${ROUTE}`)).toHaveLength(1);
  });
});

describe("a missing key", () => {
  test.each([
    [
      "server: {}\n",
      "1:1: missing key `routes` at the top level; `gateway help config routes` explains it",
    ],
    [
      "routes:\n  - backends: [http://a]\n",
      "2:5: missing key `path`; expected a path that begins with /, like /api/users/*",
    ],
    [
      "routes:\n  - path: /a\n",
      "2:5: a route needs one of `backends`, `upstream`, `split`, `redirect`, `respond`, which say where its requests go",
    ],
    [
      "routes:\n  - methods: [GET]\n",
      "2:5: missing key `path`; expected a path that begins with /, like /api/users/*",
    ],
    [
      "routes:\n  - path: /a\n    backends:\n      - weight: 2\n",
      "4:9: missing key `url`; expected a backend's URL, like http://localhost:9001",
    ],
    [`${ROUTE}    rate_limit: { burst: 5 }\n`, `4:5: missing key \`rate\`; ${RATE}`],
  ])("in %j is reported at the mapping that lacks it", (text, message) => {
    expect(errorsIn(text)).toEqual([message]);
  });
});

describe("a value of a wrong kind", () => {
  test.each([
    ["server: []", "1:9: expected a mapping, got an empty list"],
    ["server: { host: 5 }", "1:17: expected an address or a host name, like 0.0.0.0 or ::1, got 5"],
    [
      "server: { port: '8080' }",
      '1:17: expected a whole number from 0 to 65535, or off, got the text "8080"; write it without quotes',
    ],
    [
      "server: { port: 8080.5 }",
      "1:17: expected a whole number from 0 to 65535, or off, got 8080.5",
    ],
    ["server: { port: 65536 }", "1:17: expected a whole number from 0 to 65535, or off, got 65536"],
    ["server: { port: -1 }", "1:17: expected a whole number from 0 to 65535, or off, got -1"],
    [
      "server: { trusted_proxies: 10 }",
      "1:28: expected an address or a network, like 10.0.0.0/8 or 2001:db8::1, got 10",
    ],
    [
      "admin: { listen: 9090 }",
      "1:18: expected an address and a port, like 127.0.0.1:9090, or off, got 9090; write `127.0.0.1:9090`",
    ],
    [
      "admin: { listen: localhost }",
      '1:18: expected an address and a port, like 127.0.0.1:9090, or off, got the text "localhost"; it has no port; write `localhost:9090`',
    ],
    ["logging: { database: '' }", "1:22: expected a file name, like gateway.db, got empty text"],
    ["cors: { enabled: yes }", '1:18: expected true or false, got the text "yes"; write `true`'],
    [
      "health_check: { path: health }",
      '1:23: expected a path, like /health, got the text "health"',
    ],
    [
      "admin: false",
      "1:8: expected a mapping, got false; write `admin: { listen: off, main_port: off }`",
    ],
    ["health_check: off", '1:15: expected a mapping, got the text "off"; write `false`'],
    ["server: 8080", "1:9: expected a mapping, got 8080; name the setting, like `{ port: 8080 }`"],
    [
      "health_check: /healthz",
      '1:15: expected a mapping, got the text "/healthz"; name the setting, like `{ path: /healthz }`',
    ],
    [
      "logging: debug",
      '1:10: expected a mapping, got the text "debug"; name the setting, like `{ level: debug }`',
    ],
    [
      "cors: '*'",
      '1:7: expected a mapping, got the text "*"; name the setting, like `{ allowed_origins: "*" }`',
    ],
    [
      "server:\n  host:a\n  port:1",
      '2:3: expected a mapping, got the text "host:a port:1"; a space is missing after the `:`',
    ],
    ["server: { port:8080 }", "1:11: unknown key `port:8080`; a space is missing after `port:`"],
    [
      "server: { port: $PORT }",
      '1:17: expected a whole number from 0 to 65535, or off, got the text "$PORT"; an environment variable is written "${PORT}"',
    ],
    ["health_check: { healthy_after: 0 }", "1:32: expected a whole number from 1 to 1000, got 0"],
  ])("in %s is reported with what was expected", (line, message) => {
    expect(errorsIn(`${line}\n${ROUTE}`)).toEqual([message]);
  });

  test.each([
    [
      "logging: { level: inof }",
      '1:19: expected one of `debug`, `info`, `warn` or `error`, got the text "inof"; did you mean `info`?',
    ],
    [
      "logging: { level: INFO }",
      '1:19: expected one of `debug`, `info`, `warn` or `error`, got the text "INFO"; did you mean `info`?',
    ],
    ["logging: { level: 3 }", "1:19: expected one of `debug`, `info`, `warn` or `error`, got 3"],
    [
      "logging: { format: jsno }",
      '1:20: expected one of `text` or `json`, got the text "jsno"; did you mean `json`?',
    ],
  ])("in %s is reported with the choices", (line, message) => {
    expect(errorsIn(`${line}\n${ROUTE}`)).toEqual([message]);
  });
});

describe("a duration, size or rate", () => {
  test.each([
    ["30", "30; it needs a unit: write `30s` for seconds"],
    ["-1s", 'the text "-1s"; a duration cannot be negative'],
    ["soon", 'the text "soon"'],
    ["30S", 'the text "30S"; write `30s`'],
  ])("cannot be the duration %s", (written, got) => {
    expect(errorsIn(`server: { read_timeout: ${written} }\n${ROUTE}`)).toEqual([
      `1:25: expected a duration, like 250ms, 30s or 5m, got ${got}`,
    ]);
  });

  test("cannot be longer than a year, except in retention", () => {
    expect(errorsIn(`server: { shutdown_timeout: 400 days }\n${ROUTE}`)).toEqual([
      "1:29: `400 days` is too long: this is at most 365d",
    ]);
    expect(errorsIn(`logging: { retention: { max_age: 730d } }\n${ROUTE}`)).toEqual([]);
  });

  test.each([
    ["1XB", 'the text "1XB"'],
    ["1.5", "1.5"],
    ["-1", "-1; a size cannot be negative"],
    ["unlimited", 'the text "unlimited"; write a large size, like `1TB`'],
  ])("cannot be the size %s", (written, got) => {
    expect(errorsIn(`server: { max_body_size: ${written} }\n${ROUTE}`)).toEqual([
      `1:26: expected a size, like 64KiB or 10MB, or a number of bytes, got ${got}`,
    ]);
  });

  test.each([
    ["1KiB", 1_024],
    [1_048_576, 1_048_576],
  ])("as in max_header_size: %s may be at its bounds", (written, bytes) => {
    const { server } = loaded(`server: { max_header_size: ${written} }\n${ROUTE}`);
    expect(server.max_header_size).toBe(bytes);
  });

  test.each([
    ["1023", "`1023` is too small: this is at least 1KiB"],
    ["2MiB", "`2MiB` is too large: this is at most 1MiB"],
  ])("as in max_header_size: %s is reported beyond its bounds", (written, message) => {
    expect(errorsIn(`server: { max_header_size: ${written} }\n${ROUTE}`)).toEqual([
      `1:28: ${message}`,
    ]);
  });

  test.each([
    ["0", "0"],
    ["-1", "-1"],
    ["5/fortnight", 'the text "5/fortnight"'],
  ])("cannot be the rate %s", (written, got) => {
    expect(errorsIn(`rate_limiting: { requests_per_second: ${written} }\n${ROUTE}`)).toEqual([
      `1:39: ${RATE}, got ${got}`,
    ]);
  });

  test("is milliseconds, bytes and requests per second in code", () => {
    const config = loaded(`server: { read_timeout: 1.5s, max_body_size: 64KiB }
logging: { retention: { max_age: 0, rollups: 0, max_size: 0 } }
rate_limiting: { requests_per_second: 600/m }
${ROUTE}`);
    expect(config.server).toMatchObject({ timeouts: { request: 1_500 }, max_body_size: 65_536 });
    expect(config.logging.retention).toEqual({ max_age: 0, rollups: 0, max_size: 0 });
    expect(config).toHaveProperty("rate_limiting.rate", { perSecond: 10, count: 600 });
  });
});

describe("a value that is a scalar or a mapping", () => {
  test.each([
    [
      "rate_limit: 0",
      `4:17: ${RATE_LIMIT}, got 0; for no limit on this route, leave the key out or write \`false\``,
    ],
    ["rate_limit: 100/10s", `4:17: ${RATE_LIMIT}, got the text "100/10s"; write \`10/s\``],
    ["rate_limit: true", `4:17: ${RATE_LIMIT}, got true`],
    ["rate_limit: []", "4:17: expected a list of at least 1 item, got an empty list"],
    ["rate_limit: [1, fast]", `4:21: ${ONE_RATE_LIMIT}, got the text "fast"`],
    ["rate_limit: 50 requests", `4:17: ${RATE_LIMIT}, got the text "50 requests"`],
  ])("is reported once when it is neither: %s", (line, message) => {
    expect(errorsIn(route(line))).toEqual([message]);
  });

  test("is reported where inside of the mapping it is wrong", () => {
    const text = route(
      "rate_limit:\n      requests_per_second: 5\n      burst: many\n      kye: all",
    );
    expect(errorsIn(text)).toEqual([
      '6:14: expected a whole number from 1 to 1000000, got the text "many"',
      "7:7: unknown key `kye`, did you mean `key`?",
    ]);
  });

  test("is reported for each backend of a list", () => {
    const text = `routes:
  - path: /a
    backends:
      - { url: http://a, weight: 0 }
      - 5
      - [x]
      - http://b
`;
    const expected =
      "expected a backend's URL, like http://localhost:9001, or {url, weight, max_in_flight}";
    expect(errorsIn(text)).toEqual([
      "4:34: expected a whole number from 1 to 1000, got 0; to send it no requests, comment it out",
      `5:9: ${expected}, got 5; write \`http://localhost:5\``,
      `6:9: ${expected}, got a list`,
    ]);
  });

  test("means the same in either form", () => {
    const [short, long] = loaded(`routes:
  - { path: /a, backends: [http://a], rate_limit: 50 }
  - { path: /b, backends: [{ url: http://a, weight: 1 }], rate_limit: { rate: 50 } }
`).routes;
    expect(short?.backends).toEqual(long?.backends ?? []);
    expect(short).toHaveProperty("rate_limit", { perSecond: 50, count: 50 });
    expect(long).toHaveProperty("rate_limit.rate", { perSecond: 50, count: 50 });
  });
});

describe("an empty value", () => {
  test("of an optional section is the same as leaving it out", () => {
    const sections = "server:\nadmin:\nlogging: { retention: }\nhealth_check:\ncors:\n";
    const text = `${sections}rate_limiting:\n${route("cors:\n    health_check:")}`;
    expect(loaded(text)).toEqual(loaded(ROUTE));
  });

  test.each([
    ["routes:\n", "1:1: `routes` is empty; expected a list"],
    ["routes: ~\n", "1:1: `routes` is empty; expected a list"],
    ["routes:\n  -\n", "2:4: this is empty; expected a mapping"],
    [route("methods:"), "4:5: `methods` is empty; expected a list"],
    [route("rate_limit:"), `4:5: \`rate_limit\` is empty; ${RATE_LIMIT}`],
    [`server: { trusted_proxies: }\n${ROUTE}`, "1:11: `trusted_proxies` is empty; expected a list"],
    ["routes: []\n", "1:9: expected a list of at least 1 item, got an empty list"],
    ["routes: {}\n", "1:9: expected a list, got an empty mapping"],
    [
      "routes:\n  - path: /a\n    backends: []\n",
      "3:15: expected a list of at least 1 item, got an empty list",
    ],
    [route("methods: []"), "4:14: expected a list of at least 1 item, got an empty list"],
  ])("where one is needed is an error: %j", (text, message) => {
    expect(errorsIn(text)).toEqual([message]);
  });
});

describe("a good text", () => {
  test("has every default of the reference", () => {
    expect(loaded(ROUTE)).toEqual({
      server: {
        host: "0.0.0.0",
        port: 8080,
        timeouts: { request: 30_000, response: 30_000, idle: 300_000, exchange: 0 },
        header_timeout: 10_000,
        keep_alive_timeout: 75_000,
        max_header_size: 65_536,
        max_connections: 20_000,
        max_connections_per_client: 0,
        proxy_protocol: [],
        http2: true,
        shutdown_timeout: 10_000,
        trusted_proxies: [],
        untrusted_fields: [],
        max_body_size: 100_000_000,
        buffer_size: 12 * 2 ** 10,
        max_in_flight: 10_000,
        max_message_size: 2 ** 24,
        encoded_slashes: "keep",
        send_forwarded: false,
      },
      logging: {
        database: "gateway.db",
        level: "info",
        format: "text",
        retention: { max_age: 604_800_000, rollups: 90 * 86_400_000, max_size: 2 ** 30 },
        trace: "errors",
        redact: { query: [], headers: [], except: [] },
      },
      metrics: { enabled: true },
      health_check: {
        enabled: true,
        interval: 10_000,
        timeout: 3_000,
        unhealthy_after: 3,
        healthy_after: 1,
      },
      routes: [
        {
          path: "/a",
          pattern: { path: "/a", segments: [{ kind: "static", text: "a" }], shape: "/a" },
          preserve_host: true,
          preserve_path: false,
          backends: [{ url: "http://a", weight: 1 }],
          balance: { name: "round_robin", settings: undefined },
          protocol: "http1",
          connect_timeout: 5_000,
        },
      ],
    });
  });
});

describe("the server's timeouts", () => {
  const timeouts = (server: string) => loaded(`server: { ${server} }\n${ROUTE}`).server.timeouts;

  test("have older names that mean the same", () => {
    const older = "read_timeout: 1s, write_timeout: 2s, idle_timeout: 3s, exchange_timeout: 4s";
    const now = "timeouts: { request: 1s, response: 2s, idle: 3s, exchange: 4s }";
    expect(timeouts(older)).toEqual({
      request: 1_000,
      response: 2_000,
      idle: 3_000,
      exchange: 4_000,
    });
    expect(timeouts(now)).toEqual(timeouts(older));
    expect(timeouts("read_timeout: 1s, timeouts: { response: 2s }")).toMatchObject({
      request: 1_000,
      response: 2_000,
      idle: 300_000,
    });
    expect(timeouts("read_timeout: 1s, timeouts:")).toMatchObject({ request: 1_000 });
  });

  test("may be given by both names only if they agree", () => {
    expect(timeouts("read_timeout: 1s, timeouts: { request: 1s }").request).toBe(1_000);
    expect(errorsIn(`server: { read_timeout: 1s, timeouts: { request: 2s } }\n${ROUTE}`)).toEqual([
      "1:11: `read_timeout` is an older name of `timeouts.request`; keep one of the two",
    ]);
  });

  test("are wrong where they are written, by either name", () => {
    expect(errorsIn(`server: { idle_timeout: soon, timeouts: 5s }\n${ROUTE}`)).toEqual([
      '1:41: expected a mapping, got the text "5s"; name the setting, like `{ request: 5s }`',
    ]);
    expect(errorsIn(`server: { idle_timeout: soon }\n${ROUTE}`)).toEqual([
      expect.stringContaining("1:25: expected a duration"),
    ]);
    expect(errorsIn(`server: { readTimeout: 1s }\n${ROUTE}`)).toEqual([
      "1:11: unknown key `readTimeout`, did you mean `read_timeout`?",
    ]);
  });
});
