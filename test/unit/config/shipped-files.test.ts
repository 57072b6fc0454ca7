import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load.ts";
import { referenceSections } from "../../../src/config/reference.ts";
import { loaded, printed } from "./loading.ts";

const ROOT = join(import.meta.dir, "../../..");

describe("the configuration files that are shipped", () => {
  test.each(["config/gateway.yaml", "config/gateway.example.yaml"])(
    "%s is valid without any variable set",
    async (file) => {
      expect(printed(await Bun.file(join(ROOT, file)).text())).toBe("");
    },
  );

  test("the example has the defaults that it says it has", async () => {
    const text = await Bun.file(join(ROOT, "config/gateway.example.yaml")).text();
    const { server, logging, health_check } = loaded(text);
    const defaults = loaded("routes: [{ path: /a, backends: [http://a] }]");
    expect(server).toEqual(defaults.server);
    expect(logging).toEqual(defaults.logging);
    expect(health_check).toEqual(defaults.health_check);
  });
});

test("the example shows every key of the reference, but older names of one", async () => {
  const text = await Bun.file(join(ROOT, "config/gateway.example.yaml")).text();
  const keys = referenceSections()
    .flatMap(({ rows }) => rows)
    .filter(({ meaning }) => !meaning.startsWith("An older name of"))
    .map(({ key }) => key.split(".").at(-1) ?? "");
  expect(keys.length).toBeGreaterThan(50);
  expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([]);
});

/** The file in which the configuration's form was first written down; it stays valid. */
const FIRST = `server: { host: 0.0.0.0, port: 8080, read_timeout: 30s, write_timeout: 30s, shutdown_timeout: 10s, trusted_proxies: [], max_body_size: 100MB }
admin: { listen: 127.0.0.1:9090, token: "\${ADMIN_TOKEN}" }       # optional; see the issues
logging: { database: gateway.db, level: info, retention: { max_age: 7d, max_size: 1GiB } }
rate_limiting: { enabled: true, requests_per_second: 100, burst: 50 }
cors: { enabled: true, allowed_origins: ["*"], allowed_methods: [GET, POST, PUT, DELETE] }
health_check: { path: /health, interval: 10s, timeout: 3s, unhealthy_after: 3, healthy_after: 1 }
routes:
  - path: "/api/users/*"            # "/api/users/*filepath" means the same; matches /api/users/ and below, not /api/users
    backends:
      - { url: "http://localhost:9001", weight: 2 }
      - { url: "http://localhost:9002", weight: 1 }
    methods: [GET, POST]
    rate_limit: 50                  # scalar: one bucket for the route, burst = rate
`;

describe("the first configuration file there was", () => {
  test("is read as it is meant", () => {
    expect(loaded(FIRST, { ADMIN_TOKEN: "secret" })).toMatchObject({
      server: {
        port: 8080,
        timeouts: { request: 30_000, response: 30_000 },
        max_body_size: 100_000_000,
      },
      admin: { listen: "127.0.0.1:9090", token: "secret" },
      logging: { level: "info", retention: { max_age: 604_800_000, max_size: 2 ** 30 } },
      rate_limiting: { rate: { perSecond: 100 }, burst: 50, key: "all" },
      cors: { allowed_methods: ["GET", "POST", "PUT", "DELETE"] },
      health_check: { interval: 10_000, unhealthy_after: 3 },
      routes: [
        {
          path: "/api/users/*",
          backends: [
            { url: "http://localhost:9001", weight: 2 },
            { url: "http://localhost:9002", weight: 1 },
          ],
          methods: ["GET", "POST"],
          rate_limit: { perSecond: 50 },
        },
      ],
    });
  });

  test("is not read while its variable is unset", () => {
    const { config, diagnostics } = loadConfig("gateway.yaml", FIRST, {});
    expect(config).toBeUndefined();
    expect(diagnostics).toMatchObject([{ line: 2, column: 42, length: 14 }]);
  });
});
