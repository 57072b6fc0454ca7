import { afterAll, expect, test } from "bun:test";
import type { Decisions } from "../../src/pipeline/decisions/decisions.ts";
import { ask } from "../support/ask.ts";
import { startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);

test("rows of requests that went wrong tell why, and those of the others do not", async () => {
  const mock = await startMockProcess(stage, "A");
  const gone = await startMockProcess(stage, "B");
  gone.kill("SIGKILL");
  const gateway = await startGateway(stage, {
    health_check: { enabled: false },
    routes: [
      { path: "/good", backends: [mock.url] },
      { path: "/limited", rate_limit: { rate: "1/h", burst: 1 }, backends: [mock.url] },
      { path: "/retried", backends: [gone.url, mock.url] },
      { path: "/down", backends: [gone.url] },
    ],
  });
  const statuses: number[] = [];
  for (const path of ["/good", "/limited", "/limited", "/nowhere", "/retried", "/down"]) {
    const headers = { authorization: "Bearer hush" };
    const response = await ask(gateway.url + path, { headers });
    await response.text();
    statuses.push(response.status);
  }
  expect(statuses.slice(1)).toMatchObject([expect.anything(), 429, 404, expect.anything(), 502]);

  const rows = await gateway.waitForRows(6);
  const of = (at: number) => JSON.parse(rows[at]?.decisions ?? "null") as Decisions | null;
  expect([of(0), of(1)]).toEqual([null, null]);
  expect(rows[2]?.refused_by).toBe("rate_limit");
  expect(of(2)?.policies?.at(-1)).toMatchObject({ name: "rate_limit", verdict: "refused" });
  expect(of(3)?.route).toEqual({ outcome: "not_found" });
  expect(of(4)?.attempts).toMatchObject([
    { backend: gone.url, outcome: "connect" },
    { backend: mock.url, outcome: "answered" },
  ]);
  expect(of(4)?.picks).toMatchObject([
    { backend: mock.url, others: [{ url: gone.url, why_not: "tried" }] },
  ]);
  expect(of(5)?.picks).toMatchObject([{ others: [{ url: gone.url, why_not: "tried" }] }]);
  expect(of(5)?.phases.map(({ phase }) => phase)).toContain("send");

  const fields = JSON.parse(rows[3]?.request_fields ?? "") as unknown;
  expect(fields).toContainEqual(["authorization", "[redacted]"]);
  expect(JSON.parse(rows[3]?.response_fields ?? "")).toContainEqual([
    "content-type",
    "application/problem+json",
  ]);
});
