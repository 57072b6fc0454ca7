import { describe, expect, test } from "bun:test";
import { MetricsPage } from "../../../../src/server/metrics/page.ts";
import { gauge, labelText } from "../../../../src/telemetry/metrics/family.ts";
import { MetricRegistry, sourceOf } from "../../../../src/telemetry/metrics/registry.ts";
import { systemClock } from "../../../../src/time/clock.ts";
import { ask } from "../../../support/ask.ts";
import { createStage } from "../../../support/stage.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { mockBackend, start, UNCHECKED } from "../running.ts";

const stage = createStage();
const size = gauge("gateway_size_bytes", "Size.", "number");

function pageOf(count: number): MetricsPage {
  const series = Array.from({ length: count }, (_, at) => ({
    labels: labelText(size, [at]),
    value: at,
  }));
  const registry = new MetricRegistry([sourceOf(size, () => series)]);
  return new MetricsPage({ metrics: () => registry, clock: systemClock });
}

async function answerTo(page: MetricsPage, init: RequestInit = {}): Promise<Response> {
  const answer = page.answer(new Request("http://localhost/metrics", init));
  if (answer === undefined) throw new Error("not the metrics page's");
  return answer;
}

describe("the page of metrics", () => {
  test("is text unless OpenMetrics is asked for", async () => {
    const text = await answerTo(pageOf(1));
    expect(text.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text.headers.get("cache-control")).toBe("no-store");
    expect(await text.text()).toEndWith('gateway_size_bytes{number="0"} 0\n');
    const open = await answerTo(pageOf(1), {
      headers: { accept: "application/openmetrics-text; version=1.0.0" },
    });
    expect(open.headers.get("content-type")).toBe(
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    expect(await open.text()).toEndWith("\n# EOF\n");
  });

  test("is compressed for those who take gzip", async () => {
    const answer = await answerTo(pageOf(5_000), { headers: { "accept-encoding": "gzip" } });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    const text = Buffer.from(Bun.gunzipSync(await answer.arrayBuffer())).toString();
    expect(text.split("\n")).toHaveLength(5_003);
  });

  test("answers HEAD with the same fields and no content", async () => {
    const head = await answerTo(pageOf(1), { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers.get("content-type")).toStartWith("text/plain");
    expect(await head.text()).toBe("");
  });

  test("takes no other method", async () => {
    const answer = await answerTo(pageOf(1), { method: "POST" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  });

  test("lets other work go on while it is made", async () => {
    let turns = 0;
    const clock = new FakeClock();
    const registry = new MetricRegistry([
      sourceOf(size, function* () {
        for (let at = 0; at < 5_000; at += 1) {
          clock.advance(0.01);
          yield { labels: labelText(size, [at]), value: at };
        }
      }),
    ]);
    const defer = (callback: () => void) => {
      turns += 1;
      setImmediate(callback);
    };
    const page = new MetricsPage({ metrics: () => registry, clock, defer });
    expect((await (await answerTo(page)).text()).split("\n")).toHaveLength(5_003);
    // 50 ms of work, at pauses that are looked for every few hundred lines.
    expect(turns).toBeGreaterThan(8);
  });

  test("is not there while metrics are turned off", async () => {
    const page = new MetricsPage({ metrics: () => undefined, clock: systemClock });
    const answer = await answerTo(page);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("metrics: { enabled: false }");
  });

  test("leaves other pages alone", () => {
    expect(pageOf(1).answer(new Request("http://localhost/admin/log"))).toBeUndefined();
  });
});

describe("/metrics of a gateway", () => {
  const routes = (extra = "") =>
    `${UNCHECKED}${extra}routes: [{ path: /api/*, backends: ["${mockBackend(stage)}"] }]`;

  test("is on the operator's port, and counts what clients asked", async () => {
    const { url, adminUrl } = start(stage, routes("admin: { listen: 127.0.0.1:0 }\n"));
    await (await ask(`${url}/api/users`)).text();
    await (await ask(`${url}/nothing`)).text();
    const text = await (await ask(`${adminUrl}/metrics`)).text();
    expect(text).toContain('gateway_requests_total{route="/api/*",method="GET",status="200"} 1\n');
    expect(text).toContain('gateway_requests_total{route="_NONE",method="GET",status="404"} 1\n');
    expect((await ask(`${url}/metrics`)).status).toBe(404);
  });

  test("is on the main port for holders of the token alone, where that shows everything", async () => {
    const { url } = start(stage, routes("admin: { token: a-long-secret, main_port: token }\n"));
    expect((await ask(`${url}/metrics`)).status).toBe(404);
    const headers = { authorization: "Bearer a-long-secret" };
    expect(await (await ask(`${url}/metrics`, { headers })).text()).toContain("gateway_build_info");
    expect((await ask(`${url}/metrics`, { headers, method: "HEAD" })).status).toBe(200);
  });

  test("belongs on the main port to a route that spells it out", async () => {
    const backend = mockBackend(stage, "shop");
    const { url } = start(
      stage,
      `${UNCHECKED}admin: { token: a-long-secret, main_port: token }\nroutes: [{ path: /metrics, backends: ["${backend}"] }]`,
    );
    const headers = { authorization: "Bearer a-long-secret" };
    expect(await (await ask(`${url}/metrics`, { headers })).text()).toContain("shop");
  });

  test("goes and comes with a reload", async () => {
    const on = routes("admin: { listen: 127.0.0.1:0 }\n");
    const { adminUrl, url, reloadWith } = start(stage, on);
    await (await ask(`${url}/api/1`)).text();
    await reloadWith(`metrics: false\n${on}`);
    expect((await ask(`${adminUrl}/metrics`)).status).toBe(404);
    await reloadWith(on);
    const text = await (await ask(`${adminUrl}/metrics`)).text();
    // As after a restart, counters begin again.
    expect(text).not.toContain("gateway_requests_total{");
  });
});
