import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ReloadCounts } from "../../../../src/server/reload-counts.ts";
import { EventLoopLag } from "../../../../src/server/metrics/event-loop-lag.ts";
import { operationSources } from "../../../../src/server/metrics/operation.ts";
import { limitOfDescriptors, openDescriptors } from "../../../../src/server/metrics/process.ts";
import { MetricRegistry, type MetricSource } from "../../../../src/telemetry/metrics/registry.ts";
import { render } from "../../../../src/telemetry/metrics/text-format.ts";
import { ask } from "../../../support/ask.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { createStage } from "../../../support/stage.ts";
import { mockBackend, type Running, start, UNCHECKED } from "../running.ts";

const stage = createStage();

function textOf(sources: readonly MetricSource[]): string[] {
  const text = [...render(new MetricRegistry(sources), "text")].join("");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

async function shown({ adminUrl }: Running, start = "gateway_"): Promise<string[]> {
  const text = await (await ask(`${adminUrl}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith(start));
}

const ADMIN = "admin: { listen: 127.0.0.1:0 }\n";

describe("upstreams and backends", () => {
  test("are shown once, however many routes share them", async () => {
    const running = start(
      stage,
      `${ADMIN}${UNCHECKED}upstreams: { users: { backends: [{ url: "http://localhost:1", weight: 3 }, "http://localhost:2"], ejection: true, circuit_breaker: true } }
routes: [{ path: /a, upstream: users, retry: 2 }, { path: /b, upstream: users }]`,
    );
    const one = 'upstream="users",backend="http://localhost:1"';
    const lines = await shown(running, "gateway_backend_");
    for (const line of [
      `gateway_backend_healthy{${one}} 1`,
      `gateway_backend_weight{${one}} 3`,
      `gateway_backend_ejected{${one}} 0`,
      `gateway_backend_ejections_total{${one}} 0`,
      `gateway_backend_circuit_breaker_state{${one},state="closed"} 1`,
      `gateway_backend_circuit_breaker_state{${one},state="open"} 0`,
      `gateway_backend_circuit_breaker_changes_total{${one},state="open"} 0`,
      `gateway_backend_requests_in_flight{${one}} 0`,
    ]) {
      expect(lines.filter((shownLine) => shownLine === line)).toEqual([line]);
    }
    expect(await shown(running, "gateway_upstream_")).toEqual([
      'gateway_upstream_requests_waiting{upstream="users"} 0',
      'gateway_upstream_retry_budget_exhausted_total{upstream="users"} 0',
    ]);
  });

  test("without a name have their route's, and count ejections, breakers and checks", async () => {
    const clock = new FakeClock();
    const running = start(
      stage,
      `${ADMIN}routes: [{ path: /a, backends: ["http://localhost:1", "http://localhost:2"], ejection: { failures: 1, on: [connect] }, circuit_breaker: { consecutive_failures: 1, on: [connect] } }]`,
      { clock },
    );
    await (await ask(`${running.url}/a`)).text();
    const lines = await shown(running);
    const total = (name: string) =>
      lines
        .filter((line) => line.startsWith(name))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    expect(total("gateway_backend_ejections_total")).toBe(1);
    expect(total("gateway_backend_ejected")).toBe(1);
    expect(lines.join("\n")).toContain(
      'changes_total{upstream="/a",backend="http://localhost:1",state="open"}',
    );
    expect(total("gateway_health_checks_total")).toBeGreaterThanOrEqual(0);
    expect(lines.some((line) => line.startsWith("gateway_health_checks_total{"))).toBe(true);
  });
});

test("caches, mirrors and splits are shown by their routes", async () => {
  const backend = mockBackend(stage);
  const running = start(
    stage,
    `${ADMIN}${UNCHECKED}upstreams: { one: ["${backend}"], other: ["${backend}"] }
routes:
  - { path: /echo, upstream: one, cache: { ttl: 1m, max_size: 1MiB }, mirror: other }
  - { path: /split/*, split: [{ upstream: one, weight: 1 }, { upstream: other, weight: 3 }] }`,
  );
  await (await ask(`${running.url}/echo`)).text();
  const lines = await shown(running);
  for (const line of [
    'gateway_cache_max_bytes{route="/echo"} 1048576',
    'gateway_cache_entries{route="/echo"} 1',
    'gateway_cache_evictions_total{route="/echo"} 0',
    'gateway_mirror_copies_total{route="/echo",upstream="other",outcome="dropped"} 0',
    'gateway_split_weight{route="/split/*",upstream="other"} 3',
    'gateway_split_requests_total{route="/split/*",upstream="one"} 0',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.some((line) => line.startsWith('gateway_cache_requests_total{route="/echo"'))).toBe(
    true,
  );
});

test("connections are counted by port, and what they are used for", async () => {
  const running = start(
    stage,
    `${ADMIN}${UNCHECKED}routes: [{ path: /*, backends: ["${mockBackend(stage)}"] }]`,
    { server: ", max_connections_per_client: 2" },
  );
  await (await ask(`${running.url}/echo`)).text();
  const lines = await shown(running, "gateway_");
  for (const line of [
    'gateway_connections_open{listener="http",protocol="http/1.1"} 1',
    'gateway_connections_open{listener="https",protocol="http/2"} 0',
    'gateway_connections_accepted_total{listener="http"} 1',
    'gateway_connections_refused_total{listener="http",reason="max_connections_per_client"} 0',
    'gateway_tls_handshakes_total{listener="https",outcome="failed"} 0',
    'gateway_http2_streams_open{listener="http"} 0',
    'gateway_tunnels_open{kind="websocket"} 0',
    "gateway_tunnel_queued_bytes 0",
    "gateway_backend_connections_open 1",
  ]) {
    expect(lines).toContain(line);
  }
});

test("a store that is away is down, and calls that were not made are counted", async () => {
  const running = start(
    stage,
    `${ADMIN}${UNCHECKED}store: "unix:${join(stage.folder(), "none.sock")}"
routes: [{ path: /*, rate_limit: 5, backends: ["${mockBackend(stage)}"] }]`,
  );
  await (await ask(`${running.url}/echo`)).text();
  await (await ask(`${running.url}/echo`)).text();
  const lines = await shown(running, "gateway_store_");
  expect(lines).toContain("gateway_store_up 0");
  expect(lines).toContain('gateway_store_calls_total{outcome="answered"} 0');
});

describe("operation", () => {
  const clock = new FakeClock(1_000_000);
  const reloads = new ReloadCounts(clock);
  const certificate = (name: string, notAfter: number) => ({
    source: "file" as const,
    names: [name],
    issuer: "CN=a",
    notAfter,
  });
  const sources = operationSources({
    snapshot: () => ({ store: undefined }) as never,
    reloads,
    certificates: () => [
      certificate("a.example", 7_000),
      certificate("a.example", 5_000),
      certificate("b.example", 9_000),
    ],
    renewals: { succeeded: 2, failed: 1 },
  });

  test("shows reloads, certificates and their renewals", () => {
    reloads.failure();
    expect(textOf(sources)).toEqual([
      'gateway_reloads_total{outcome="succeeded"} 0',
      'gateway_reloads_total{outcome="failed"} 1',
      "gateway_last_reload_successful 0",
      "gateway_configuration_in_force_timestamp_seconds 1000",
      'gateway_certificate_expiry_timestamp_seconds{name="a.example",source="file"} 5',
      'gateway_certificate_expiry_timestamp_seconds{name="b.example",source="file"} 9',
      'gateway_acme_renewals_total{outcome="succeeded"} 2',
      'gateway_acme_renewals_total{outcome="failed"} 1',
    ]);
    clock.advance(5_000);
    reloads.success();
    expect(textOf(sources).slice(0, 4)).toEqual([
      'gateway_reloads_total{outcome="succeeded"} 1',
      'gateway_reloads_total{outcome="failed"} 1',
      "gateway_last_reload_successful 1",
      "gateway_configuration_in_force_timestamp_seconds 1005",
    ]);
  });
});

describe("the process", () => {
  test("has open descriptors, and a limit on them", () => {
    expect(openDescriptors()).toBeGreaterThan(2);
    expect(openDescriptors("/proc/self/nothing")).toBeGreaterThan(2);
    expect(limitOfDescriptors()).toBeGreaterThan(10);
    expect(limitOfDescriptors("/proc/self/nothing")).toBeNaN();
  });
});

test("the lag of the event loop is how late timers are", () => {
  const clock = new FakeClock();
  const lag = new EventLoopLag(clock);
  lag.start();
  lag.start();
  clock.advance(500);
  clock.advance(500);
  lag.stop();
  clock.advance(500);
  const lines = textOf([lag]);
  expect(lines).toContain('gateway_event_loop_lag_seconds_bucket{le="0.001"} 2');
  expect(lines.at(-1)).toBe("gateway_event_loop_lag_seconds_count 2");
});
