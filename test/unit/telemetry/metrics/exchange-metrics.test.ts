import { describe, expect, test } from "bun:test";
import type { AttemptRecord, Exchange } from "../../../../src/pipeline/exchange.ts";
import { TraceContext } from "../../../../src/pipeline/trace.ts";
import { ExchangeMetrics } from "../../../../src/telemetry/metrics/exchange-metrics.ts";
import { exchangeSource } from "../../../../src/telemetry/metrics/exchange-source.ts";
import { MetricRegistry } from "../../../../src/telemetry/metrics/registry.ts";
import { type MetricFormat, render } from "../../../../src/telemetry/metrics/text-format.ts";
import { openExchange } from "../../pipeline/opening.ts";

const A = "http://localhost:9001";
const B = "http://localhost:9002";

/** An exchange that is over 40 ms after it began, at 0 of the monotonic clock. */
function over(changes: Partial<Exchange>, url = "http://gateway.test/a", method = "GET"): Exchange {
  const exchange = openExchange({ url, method });
  return Object.assign(exchange, { route: "/a", status: 200, ...changes });
}

function attempt(backend: string, changes: Partial<AttemptRecord> = {}): AttemptRecord {
  const ordinary = { startedAt: 1, endedAt: 21, failure: undefined, status: 200 } as const;
  return { backend, outcome: "answered", ...ordinary, ...changes };
}

function counted(exchanges: readonly Exchange[], metrics = new ExchangeMetrics()): ExchangeMetrics {
  for (const exchange of exchanges) metrics.count(exchange, 40);
  return metrics;
}

function linesOf(metrics: ExchangeMetrics, start: string, format: MetricFormat = "text"): string[] {
  const registry = new MetricRegistry([exchangeSource(() => metrics)]);
  const text = [...render(registry, format)].join("");
  return text.split("\n").filter((line) => line.startsWith(start));
}

describe("requests", () => {
  test("are counted by route, method and status", () => {
    const metrics = counted([
      over({}),
      over({ status: 404 }),
      over({ route: "/b" }),
      over({}),
      over({}, "http://gateway.test/a", "POST"),
    ]);
    expect(linesOf(metrics, "gateway_requests_total")).toEqual([
      'gateway_requests_total{route="/a",method="GET",status="200"} 2',
      'gateway_requests_total{route="/a",method="GET",status="404"} 1',
      'gateway_requests_total{route="/a",method="POST",status="200"} 1',
      'gateway_requests_total{route="/b",method="GET",status="200"} 1',
    ]);
  });

  test("without a route are counted under _NONE, with unusual methods under _OTHER", () => {
    const metrics = counted([over({ route: "", status: 404 }, undefined, "PROPFIND")]);
    expect(linesOf(metrics, "gateway_requests_total")).toEqual([
      'gateway_requests_total{route="_NONE",method="_OTHER",status="404"} 1',
    ]);
  });

  test("have a duration in seconds, and a time to the first byte if there was one", () => {
    const metrics = counted([over({ headersAt: 20 }), over({})]);
    expect(linesOf(metrics, "gateway_request_duration_seconds")).toContain(
      'gateway_request_duration_seconds_bucket{route="/a",le="0.05"} 2',
    );
    expect(linesOf(metrics, "gateway_request_duration_seconds_sum")).toEqual([
      'gateway_request_duration_seconds_sum{route="/a"} 0.08',
    ]);
    expect(linesOf(metrics, "gateway_time_to_first_byte_seconds_count")).toEqual([
      'gateway_time_to_first_byte_seconds_count{route="/a"} 1',
    ]);
  });

  test("that become tunnels have no duration", () => {
    expect(linesOf(counted([over({ status: 101 })]), "gateway_request_duration_seconds_c")).toEqual(
      ['gateway_request_duration_seconds_count{route="/a"} 0'],
    );
  });

  test("add up their bytes", () => {
    const metrics = counted([over({ bytesIn: 3, bytesOut: 90 }), over({ bytesIn: 4 })]);
    expect(linesOf(metrics, "gateway_request_bytes")).toEqual([
      'gateway_request_bytes_total{route="/a"} 7',
    ]);
    expect(linesOf(metrics, "gateway_response_bytes")).toEqual([
      'gateway_response_bytes_total{route="/a"} 90',
    ]);
  });

  test("of a route with a cache are counted by what that did", () => {
    const metrics = counted([
      over({ cache: "hit" }),
      over({ cache: "hit" }),
      over({ cache: "uri-miss" }),
    ]);
    expect(linesOf(metrics, "gateway_cache_requests")).toEqual([
      'gateway_cache_requests_total{route="/a",outcome="hit"} 2',
      'gateway_cache_requests_total{route="/a",outcome="uri-miss"} 1',
    ]);
  });
});

describe("errors", () => {
  test("are counted by reason and source, and as rejections of the policy that refused", () => {
    const metrics = counted([
      over({ status: 429, errorCode: "rate_limited", refusedBy: "rate_limit" }),
      over({ status: 503, errorCode: "no_healthy_backend" }),
      over({ status: 204, refusedBy: "cors" }),
    ]);
    expect(linesOf(metrics, "gateway_request_errors")).toEqual([
      'gateway_request_errors_total{route="/a",reason="rate_limited",source="client"} 1',
      'gateway_request_errors_total{route="/a",reason="no_healthy_backend",source="backend"} 1',
    ]);
    expect(linesOf(metrics, "gateway_rejections")).toEqual([
      'gateway_rejections_total{route="/a",policy="rate_limit",reason="rate_limited"} 1',
    ]);
  });
});

describe("attempts", () => {
  test("are counted by backend and what came of them", () => {
    const metrics = counted([
      over({ attempts: [attempt(A)] }),
      over({ attempts: [attempt(A, { status: 503 })] }),
      over({ attempts: [attempt(B, { outcome: "connect", status: 0 })] }),
      over({ attempts: [attempt(B, { outcome: "", status: 0, endedAt: 0 })] }),
    ]);
    expect(linesOf(metrics, "gateway_attempts_total")).toEqual([
      `gateway_attempts_total{route="/a",backend="${A}",outcome="answered",class="2xx"} 1`,
      `gateway_attempts_total{route="/a",backend="${A}",outcome="answered",class="5xx"} 1`,
      `gateway_attempts_total{route="/a",backend="${B}",outcome="answered",class="2xx"} 0`,
      `gateway_attempts_total{route="/a",backend="${B}",outcome="answered",class="5xx"} 0`,
      `gateway_attempts_total{route="/a",backend="${B}",outcome="connect",class=""} 1`,
      `gateway_attempts_total{route="/a",backend="${B}",outcome="cancelled",class=""} 1`,
    ]);
    expect(linesOf(metrics, "gateway_attempt_duration_seconds_sum")).toEqual([
      `gateway_attempt_duration_seconds_sum{route="/a",backend="${A}"} 0.04`,
      `gateway_attempt_duration_seconds_sum{route="/a",backend="${B}"} 0.02`,
    ]);
  });

  test("after one that ended are retries, beside one that goes on hedges", () => {
    const metrics = counted([
      over({
        attempts: [attempt(A, { outcome: "reset", endedAt: 5 }), attempt(B, { startedAt: 5 })],
      }),
      over({ attempts: [attempt(A, { outcome: "outrun" }), attempt(B, { startedAt: 9 })] }),
    ]);
    expect(linesOf(metrics, "gateway_retries")).toEqual(['gateway_retries_total{route="/a"} 1']);
    expect(linesOf(metrics, "gateway_hedges")).toEqual(['gateway_hedges_total{route="/a"} 1']);
  });

  test("show no password of a backend's URL", () => {
    const urls = ["http://me:secret@localhost:9001", "http://me:other@localhost:9001"];
    const metrics = counted(urls.map((url) => over({ attempts: [attempt(url)] })));
    expect(linesOf(metrics, "gateway_attempts_total")).toEqual([
      'gateway_attempts_total{route="/a",backend="http://[redacted]@localhost:9001",outcome="answered",class="2xx"} 2',
      'gateway_attempts_total{route="/a",backend="http://[redacted]@localhost:9001",outcome="answered",class="5xx"} 0',
    ]);
  });
});

describe("exemplars", () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traced = (isSampled: boolean) => {
    const ids = { traceId, spanId: "00f067aa0ba902b7", parentId: "" };
    return new TraceContext({ ...ids, isSampled, isRandom: true, state: "" }, undefined);
  };

  test("name the latest sampled trace of a bucket and of an error", () => {
    const exchange = over({ trace: traced(true), status: 503, errorCode: "no_healthy_backend" });
    const metrics = counted([exchange]);
    const at = ((exchange.startedAt + 40) / 1000).toFixed(3);
    const lines = linesOf(metrics, "gateway_request_", "openmetrics").filter((line) =>
      line.includes("trace_id"),
    );
    expect(lines).toEqual([
      `gateway_request_duration_seconds_bucket{route="/a",le="0.05"} 1 # {trace_id="${traceId}"} 0.04 ${at}`,
      `gateway_request_errors_total{route="/a",reason="no_healthy_backend",source="backend"} 1 # {trace_id="${traceId}"} 1 ${at}`,
    ]);
  });

  test("are not there for traces that are not sampled, nor in the text format", () => {
    const unsampled = counted([over({ trace: traced(false) })]);
    expect(linesOf(unsampled, "gateway_", "openmetrics").join("\n")).not.toContain("trace_id");
    expect(linesOf(counted([over({ trace: traced(true) })]), "gateway_").join("\n")).not.toContain(
      "trace_id",
    );
  });
});

describe("the number of series", () => {
  test("stays the same under 100,000 distinct paths, hosts and methods", () => {
    const metrics = new ExchangeMetrics();
    // Opening an exchange costs more than counting one, so each stands for many targets.
    const template = over({ attempts: [attempt(A)] });
    for (let at = 0; at < 100_000; at += 1) {
      const target = { ...template.target, path: `/a/${at}`, host: `h${at}.example` };
      const changes = { target, method: `M${at}`, attempts: template.attempts };
      metrics.count(Object.assign(Object.create(template) as Exchange, changes), 40);
    }
    expect(linesOf(metrics, "gateway_requests_total")).toEqual([
      'gateway_requests_total{route="/a",method="_OTHER",status="200"} 100000',
    ]);
    expect(linesOf(metrics, "gateway_").length).toBeLessThan(70);
  });

  test("has a limit, beyond which everything is counted under _OTHER, and that is said", () => {
    const metrics = new ExchangeMetrics(2);
    const routes = ["/a", "/b", "/c", "/d", "/a"];
    counted(
      routes.map((route) =>
        over({
          route,
          attempts: [attempt(A), attempt(B, { startedAt: 30 })],
          status: 503,
          errorCode: "no_healthy_backend",
          refusedBy: "cache",
          cache: "hit",
        }),
      ),
      metrics,
    );
    expect(linesOf(metrics, "gateway_requests_total")).toEqual([
      'gateway_requests_total{route="/a",method="GET",status="503"} 2',
      'gateway_requests_total{route="/b",method="GET",status="503"} 1',
      'gateway_requests_total{route="_OTHER",method="_OTHER",status="_OTHER"} 2',
    ]);
    expect(linesOf(metrics, "gateway_attempts_total").at(-2)).toBe(
      'gateway_attempts_total{route="_OTHER",backend="_OTHER",outcome="answered",class="2xx"} 6',
    );
    expect(linesOf(metrics, "gateway_request_errors").at(-1)).toBe(
      'gateway_request_errors_total{route="_OTHER",reason="no_healthy_backend",source="backend"} 2',
    );
    expect(linesOf(metrics, "gateway_metrics_overflow")).toEqual([
      'gateway_metrics_overflow_total{metric="gateway_requests_total"} 0',
      'gateway_metrics_overflow_total{metric="gateway_request_duration_seconds"} 2',
      'gateway_metrics_overflow_total{metric="gateway_request_errors_total"} 0',
      'gateway_metrics_overflow_total{metric="gateway_rejections_total"} 0',
      'gateway_metrics_overflow_total{metric="gateway_attempts_total"} 2',
      'gateway_metrics_overflow_total{metric="gateway_cache_requests_total"} 0',
    ]);
  });

  test("that routes had is free again when the configuration has them no more", () => {
    const metrics = new ExchangeMetrics(2);
    for (const generation of [1, 2, 3]) {
      const route = `/v${generation}`;
      counted(
        [over({ route, attempts: [attempt(A)], status: 429, errorCode: "rate_limited" })],
        metrics,
      );
      metrics.keep(new Set([route]));
    }
    expect(linesOf(metrics, "gateway_requests_total")).toEqual([
      'gateway_requests_total{route="/v3",method="GET",status="429"} 1',
    ]);
    expect(metrics.limits.requests.used).toBe(1);
    expect(metrics.limits.attempts.used).toBe(1);
  });

  test("that a backend had is free again some minutes after discovery has lost it", () => {
    const metrics = counted([over({ attempts: [attempt(A)] }), over({ attempts: [attempt(B)] })]);
    const isThere = (backend: string) => backend === B;
    metrics.keepBackends(isThere, 0);
    metrics.keepBackends(isThere, 599_000);
    expect(metrics.limits.attempts.used).toBe(2);
    metrics.keepBackends(isThere, 600_000);
    expect(metrics.limits.attempts.used).toBe(1);
    expect(
      linesOf(
        counted([over({ attempts: [attempt(A)] })], metrics),
        "gateway_attempt_duration_seconds_count",
      ),
    ).toEqual([expect.stringContaining(B), expect.stringContaining(A)]);
  });
});
