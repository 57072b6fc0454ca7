import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { issuedForAll } from "../support/certificates.ts";
import { runToEnd } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { type PrometheusProcess, startPrometheus } from "../support/prometheus.ts";
import { connectRaw } from "../support/raw-client.ts";
import { unusedPort } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const DOCS = join(import.meta.dir, "../../docs");
const issued = issuedForAll("own", "IP:127.0.0.1");
let gateway: GatewayProcess;
let prometheus: PrometheusProcess;

/** A gateway with something of everything that metrics show, and Prometheus, which scrapes it. */
beforeAll(async () => {
  const admin = `127.0.0.1:${await unusedPort()}`;
  const [one, other, started] = await Promise.all([
    startMockProcess(stage, "one"),
    startMockProcess(stage, "other"),
    // First of all: it takes five seconds to begin.
    startPrometheus(stage, { target: admin, rules: join(DOCS, "alerts.yaml") }),
  ]);
  prometheus = started;
  const dead = `http://127.0.0.1:${await unusedPort()}`;
  const config: TestConfig = {
    server: {
      tls: {
        port: 0,
        certificates: [
          { certificate: join(issued.folder, "own.pem"), key: join(issued.folder, "own.key") },
        ],
      },
    },
    admin: { listen: admin },
    tracing: { otlp: `http://127.0.0.1:${await unusedPort()}`, sample: "100%" },
    health_check: { interval: "1s", timeout: "500ms", unhealthy_after: 1 },
    upstreams: {
      users: { backends: [one.url, other.url], max_in_flight: 100, max_waiting: 10 },
      shadow: [other.url],
      dead: {
        backends: [dead],
        when_none_healthy: "try_all",
        circuit_breaker: { consecutive_failures: 3, on: ["connect"] },
        ejection: true,
      },
    },
    routes: [
      { path: "/users/*", strip_prefix: "/users", upstream: "users", retry: 2, mirror: "shadow" },
      { path: "/cached/*", strip_prefix: "/cached", upstream: "users", cache: { ttl: "1m" } },
      {
        path: "/split/*",
        strip_prefix: "/split",
        split: [
          { upstream: "users", weight: 1 },
          { upstream: "shadow", weight: 1 },
        ],
      },
      { path: "/limited", rate_limit: { rate: "1/m", burst: 1 }, upstream: "users" },
      { path: "/dead", upstream: "dead", retry: 2 },
    ],
  };
  gateway = await startGateway(stage, config);
});

const PATHS = ["/users/echo", "/cached/echo", "/split/echo", "/limited", "/dead", "/nothing"];

async function traffic(): Promise<void> {
  await Promise.all(PATHS.map(async (path) => (await ask(gateway.url + path)).text()));
}

async function scraped(accept = "text/plain"): Promise<string> {
  return (await ask(`${gateway.adminUrl}/metrics`, { headers: { accept } })).text();
}

/** The names and labels of all series. */
function seriesOf(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(0, line.lastIndexOf(" ")));
}

test("promtool finds nothing wrong with the metrics under traffic", async () => {
  for (let round = 0; round < 5; round += 1) await traffic();
  const file = join(stage.folder(), "metrics.txt");
  await Bun.write(file, await scraped());
  const command = ["sh", "-c", `promtool check metrics < ${file}`];
  expect(await runToEnd(stage, [], { command })).toEqual({ code: 0, out: "", err: "" });
});

test("promtool finds nothing wrong with the alert rules", async () => {
  const args = ["check", "rules", join(DOCS, "alerts.yaml")];
  const { code, out } = await runToEnd(stage, args, { command: ["promtool"] });
  expect(out).toMatch(/SUCCESS: [0-9]+ rules found/);
  expect(code).toBe(0);
});

test("distinct paths, hosts and methods add no series", async () => {
  const COUNT = 1_000;
  const request = (at: number) =>
    `M${at} /users/${at} HTTP/1.1\r\nHost: h${at}.example\r\n\r\n` +
    `GET /none/${at} HTTP/1.1\r\nHost: h${at}.example\r\n\r\n`;
  const { port } = gateway;
  const client = await connectRaw(stage, port);
  client.send(request(0));
  await client.until("HTTP/1.1 ", 2);
  const before = await scraped();
  client.send(Array.from({ length: COUNT }, (_, at) => request(at + 1)).join(""));
  await client.until("HTTP/1.1 ", 2 * (COUNT + 1));
  const after = await scraped();
  expect(seriesOf(after)).toEqual(seriesOf(before));
  expect(after).toMatch(
    new RegExp(
      `gateway_requests_total\\{route="_NONE",method="_OTHER",status="[0-9]+"\\} ${COUNT + 1}\n`,
    ),
  );
});

describe("Prometheus", () => {
  beforeAll(async () => {
    // A reload that fails, while the one in force stays.
    const file = `${gateway.database.replace(/[^/]*$/, "")}test-gateway.yaml`;
    await Bun.write(file, "routes: 5\n");
    gateway.kill("SIGHUP");
    await gateway.lines.waitFor(/keeping the current/);
    await eventually(async () => (await prometheus.scrapes()) > 1);
    // Enough for an alert about a share of errors.
    await Promise.all(Array.from({ length: 60 }, () => ask(`${gateway.url}/dead`)));
    // Some scrapes with traffic between them, so that there are rates.
    const scrapes = await prometheus.scrapes();
    await eventually(async () => {
      await traffic();
      return (await prometheus.scrapes()) > scrapes + 3;
    });
  });

  test("has an answer to every question of the dashboard", async () => {
    const text = await Bun.file(join(DOCS, "grafana-dashboard.json")).text();
    const { panels } = JSON.parse(text) as Dashboard;
    const questions = panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ title, asked: withVariables(expr) })),
    );
    expect(questions.length).toBeGreaterThan(60);
    const answers = await Promise.all(
      questions.map(async ({ title, asked }) => ({
        title,
        asked,
        found: (await prometheus.ask(asked)).length,
      })),
    );
    const unanswered = answers.filter(({ found }) => found === 0).map(({ asked }) => asked);
    // There is no shared store here.
    expect(unanswered.filter((asked) => !asked.includes("gateway_store_"))).toEqual([]);
  });

  test("evaluates every alert rule, and raises those that the traffic gives reason for", async () => {
    const rules = await eventually(async () => {
      const found = await prometheus.rules();
      return found.every(({ health }) => health === "ok") && found;
    });
    const raised = await eventually(async () => {
      const names = (await prometheus.rules()).filter(({ state }) => state !== "inactive");
      const found = names.map(({ name }) => name).toSorted();
      return found.includes("GatewayCircuitBreakerOpen") && found;
    });
    expect(rules.length).toBeGreaterThan(15);
    for (const name of [
      "GatewayReloadFailed",
      "GatewayNoHealthyBackend",
      "GatewayBackendUnhealthy",
      "GatewayErrorRatioHigh",
    ]) {
      expect(raised).toContain(name);
    }
    expect(raised).not.toContain("GatewayDown");
    expect(raised).not.toContain("GatewayRowsDropped");
  });

  test("gets OpenMetrics, with exemplars that name traces", async () => {
    expect(await scraped("application/openmetrics-text")).toEndWith("\n# EOF\n");
    const exemplars = await prometheus.exemplars("gateway_request_duration_seconds_bucket");
    expect(exemplars.length).toBeGreaterThan(0);
    expect(exemplars[0]?.labels.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });
});

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** As Grafana asks it with everything selected. */
function withVariables(expression: string): string {
  return expression
    .replaceAll("$__rate_interval", "10s")
    .replaceAll("$instance", ".*")
    .replaceAll("$route", ".*");
}
