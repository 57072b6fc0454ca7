import { describe, expect, test } from "bun:test";
import { accepts, exporting, refusesConnections, SETTINGS, staysSilent } from "./receiver.ts";

const status = (code: number, headers: Record<string, string> = {}, content = "") => {
  return () => new Response(content, { status: code, headers });
};

describe("what is exported", () => {
  test("is sent together after two seconds, as OTLP's JSON", async () => {
    const { add, pass, requests, names, exporter } = exporting();
    add("a");
    await pass(1_000);
    add("b");
    await pass(999);
    expect(requests).toEqual([]);
    await pass(1);
    expect(names()).toEqual([["a", "b"]]);
    const [request] = requests;
    expect(request?.url).toBe("http://otlp.test:4318/v1/traces");
    expect(request?.headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(request?.content ?? "")).toEqual({
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: "service.name", value: { stringValue: "gateway" } },
              { key: "service.version", value: { stringValue: "1.2.3" } },
              { key: "service.instance.id", value: { stringValue: "1a2b3c4d" } },
            ],
          },
          scopeSpans: [
            { scope: { name: "gateway", version: "1.2.3" }, spans: [{ name: "a" }, { name: "b" }] },
          ],
        },
      ],
    });
    expect(exporter.counts()).toEqual({ written: 2, queued: 0, dropped: 0 });
  });

  test("is sent at once when there are 512, one message at a time", async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const { add, pass, names, requests } = exporting(() => promise, accepts);
    add(...Array.from({ length: 1_500 }, (_, at) => `${at}`));
    await pass(0);
    expect(requests.length).toBe(1);
    resolve(new Response("{}"));
    await pass(0);
    expect(names().map(({ length }) => length)).toEqual([512, 512]);
    await pass(2_000);
    expect(names().flat()).toEqual(Array.from({ length: 1_500 }, (_, at) => `${at}`));
  });

  test("goes to a URL that has a path, with the fields of the configuration", async () => {
    const { add, pass, requests, exporter } = exporting();
    exporter.change({
      ...SETTINGS,
      otlp: "https://otlp.test/tenant/",
      headers: { authorization: "Bearer abc", "content-type": "text/plain" },
    });
    add("a");
    await pass(2_000);
    exporter.change({ ...SETTINGS, otlp: "https://otlp.test/v1/traces" });
    add("b");
    await pass(2_000);
    expect(requests.map(({ url }) => url)).toEqual([
      "https://otlp.test/tenant/v1/traces",
      "https://otlp.test/v1/traces",
    ]);
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer abc");
    expect(requests[0]?.headers.get("content-type")).toBe("application/json");
  });
});

describe("a receiver that is away", () => {
  test("gets everything once it is back, asked less and less often", async () => {
    const away = Array.from({ length: 3 }, () => refusesConnections);
    const { add, pass, names, reports, exporter } = exporting(...away, accepts);
    add("a");
    await pass(2_000);
    add("b");
    for (const [pause, requests] of [
      [749, 1],
      [1, 2],
      [1_499, 2],
      [1, 3],
      [2_999, 3],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- time passes step by step
      await pass(pause);
      expect(names().length).toBe(requests);
    }
    expect(exporter.counts()).toEqual({ written: 0, queued: 2, dropped: 0 });
    await pass(1);
    await pass(2_000);
    expect(names()).toEqual([["a"], ["a"], ["a"], ["a"], ["b"]]);
    expect(reports).toEqual([
      "warn: spans cannot be sent to http://otlp.test:4318/v1/traces (it refuses connections); they wait in memory and are sent later",
      "info: spans are accepted again by http://otlp.test:4318/v1/traces",
    ]);
  });

  test("is asked twice a minute at least", async () => {
    const { add, pass, requests } = exporting(refusesConnections);
    add("a");
    // oxlint-disable-next-line no-await-in-loop -- time passes step by step
    for (let second = 0; second < 200; second += 1) await pass(1_000);
    const before = requests.length;
    // oxlint-disable-next-line no-await-in-loop
    for (let second = 0; second < 60; second += 1) await pass(1_000);
    expect(requests.length - before).toBeGreaterThanOrEqual(2);
    expect(requests.length - before).toBeLessThanOrEqual(4);
  });

  test("has what is too much for memory dropped, counted and reported once a minute", async () => {
    const { exporter, pass, reports } = exporting(staysSilent);
    const large = `{"name":"${"x".repeat(2 ** 20)}"}`;
    for (let count = 0; count < 10; count += 1) exporter.add(large, 3);
    expect(exporter.counts()).toEqual({ written: 0, queued: 21, dropped: 9 });
    await pass(200);
    expect(reports).toEqual([
      "warn: 9 spans for http://otlp.test:4318/v1/traces were lost: too many wait to be sent",
    ]);
    exporter.add(large, 3);
    await pass(59_000);
    expect(reports.filter((report) => report.includes("lost")).length).toBe(1);
    await pass(1_000);
    expect(reports.at(-1)).toStartWith("warn: 3 spans");
  });
});

describe("a receiver that refuses a message", () => {
  test.each([429, 502, 503, 504])("with %i gets it again", async (code) => {
    const { add, pass, names, exporter } = exporting(status(code), accepts);
    add("a");
    await pass(2_000);
    await pass(750);
    expect(names()).toEqual([["a"], ["a"]]);
    expect(exporter.counts().written).toBe(1);
  });

  test("with Retry-After is left alone for so long", async () => {
    const { add, pass, requests } = exporting(status(503, { "retry-after": "7" }), accepts);
    add("a");
    await pass(2_000);
    await pass(6_999);
    expect(requests.length).toBe(1);
    await pass(1);
    expect(requests.length).toBe(2);
  });

  test.each([
    [400, "", "it answers 400"],
    [401, '{"code":16,"message":"no such token"}', "it answers 401: no such token"],
    [404, "404 page not found\nmore", "it answers 404: 404 page not found"],
    [500, "", "it answers 500"],
    [301, "", "it answers 301"],
  ])("with %i does not get it again, and the loss is reported", async (code, content, reason) => {
    const { add, pass, names, reports, exporter } = exporting(status(code, {}, content), accepts);
    add("a", "b");
    await pass(2_000);
    add("c");
    await pass(2_000);
    expect(names()).toEqual([["a", "b"], ["c"]]);
    expect(reports).toEqual([
      `warn: 2 spans for http://otlp.test:4318/v1/traces were lost: ${reason}`,
    ]);
    expect(exporter.counts()).toEqual({ written: 1, queued: 0, dropped: 2 });
  });

  test("in part has that part counted and reported", async () => {
    const partial = { partialSuccess: { rejectedSpans: "2", errorMessage: "too old" } };
    const { add, pass, reports, exporter } = exporting(status(200, {}, JSON.stringify(partial)));
    add("a", "b", "c");
    await pass(2_000);
    await pass(200);
    expect(exporter.counts()).toEqual({ written: 1, queued: 0, dropped: 2 });
    expect(reports).toEqual([
      "warn: 2 spans for http://otlp.test:4318/v1/traces were lost: the receiver refuses them: too old",
    ]);
  });

  test("in no part, but with a warning, has that reported once", async () => {
    const partial = { partialSuccess: { errorMessage: "use another port" } };
    const { add, pass, reports } = exporting(status(200, {}, JSON.stringify(partial)));
    add("a");
    await pass(2_000);
    add("b");
    await pass(2_000);
    expect(reports).toEqual([
      "warn: http://otlp.test:4318/v1/traces says of spans: use another port",
    ]);
  });

  test.each(["", "no JSON", "[]", "null", '{"partialSuccess":null}', '{"partialSuccess":{}}'])(
    "does not do so with the answer %j",
    async (content) => {
      const { add, pass, reports, exporter } = exporting(status(200, {}, content));
      add("a");
      await pass(2_000);
      expect([exporter.counts().written, reports]).toEqual([1, []]);
    },
  );

  test("by its silence gets it again after its time is up", async () => {
    const { add, pass, names, reports } = exporting(staysSilent, staysSilent, accepts);
    add("a");
    await pass(2_000);
    await pass(10_000);
    await pass(750);
    await pass(10_000);
    expect(reports[0]).toContain("(it does not answer within 10000 ms)");
    await pass(1_500);
    expect(names().length).toBe(3);
  });
});

describe("a change of the settings", () => {
  test("loses nothing that waits, which goes to the new receiver at once", async () => {
    const { add, pass, requests, names, exporter } = exporting(refusesConnections, accepts);
    add("a");
    await pass(2_000);
    add("b");
    exporter.change({ ...SETTINGS, otlp: "http://other.test:4318" });
    await pass(0);
    await pass(2_000);
    expect(requests.map(({ url }) => new URL(url).host)).toEqual([
      "otlp.test:4318",
      "other.test:4318",
      "other.test:4318",
    ]);
    expect(names()).toEqual([["a"], ["a"], ["b"]]);
  });
});

describe("a stop", () => {
  test("sends what waits", async () => {
    const { add, names, exporter, clock } = exporting();
    add(...Array.from({ length: 600 }, (_, at) => `${at}`));
    await exporter.close(5_000);
    expect(names().map(({ length }) => length)).toEqual([512, 88]);
    expect(clock.pending).toBe(0);
    add("late");
    expect(exporter.counts()).toEqual({ written: 600, queued: 0, dropped: 1 });
  });

  test("with nothing to send is over at once", async () => {
    const { exporter, requests } = exporting();
    await exporter.close(5_000);
    expect(requests).toEqual([]);
  });

  test("asks a receiver that is away once more, and reports what is lost", async () => {
    const { add, pass, names, reports, exporter, clock } = exporting(refusesConnections);
    add("a");
    await pass(2_000);
    add("b");
    await exporter.close(5_000);
    expect(names()).toEqual([["a"], ["a"], ["b"]]);
    expect(reports).toEqual([
      "warn: 2 spans for http://otlp.test:4318/v1/traces were lost: it refuses connections",
    ]);
    expect(exporter.counts()).toEqual({ written: 0, queued: 0, dropped: 2 });
    expect(clock.pending).toBe(0);
  });

  test("waits for a slow receiver until its deadline, which a second call brings forward", async () => {
    const { add, pass, requests, reports, exporter } = exporting(staysSilent);
    add("a");
    const closed = exporter.close(5_000);
    await pass(1_000);
    const hurried = exporter.close(1_000);
    await pass(999);
    expect(requests[0]?.signal.aborted).toBe(false);
    await pass(1);
    await hurried;
    expect(requests[0]?.signal.aborted).toBe(true);
    expect(reports).toEqual([
      "warn: 1 spans for http://otlp.test:4318/v1/traces were lost: they could not be sent before the stop",
    ]);
    await pass(5_000);
    await closed;
  });
});
