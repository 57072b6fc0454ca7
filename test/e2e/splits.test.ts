import { expect, test } from "bun:test";
import { ask, serverOf } from "../support/ask.ts";
import { startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

async function canary(weights: readonly [number, number], more: object = {}) {
  const [stable, next] = await Promise.all([
    startMockProcess(stage, "stable"),
    startMockProcess(stage, "next"),
  ]);
  const gateway = await startGateway(stage, {
    admin: { listen: "127.0.0.1:0" },
    upstreams: { stable: { backends: [stable.url] }, next: { backends: [next.url] } },
    routes: [
      {
        path: "/api/*",
        split: [
          { upstream: "next", weight: weights[0], when: { header: { "x-canary": "1" } } },
          { upstream: "stable", weight: weights[1] },
        ],
        ...more,
      },
    ],
  });
  const service = (headers: Record<string, string> = {}) =>
    serverOf(ask(`${gateway.url}/api/users/1`, { headers }));
  return { gateway, service };
}

test("a split sends requests by weight, and those that carry what it asks for to one upstream", async () => {
  const { gateway, service } = await canary([0, 1]);
  expect(await service()).toBe("stable");
  expect(await service({ "x-canary": "1" })).toBe("next");

  const changed = await ask(`${gateway.adminUrl}/admin/splits`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ route: "/api/*", weights: { next: 1, stable: 0 } }),
  });
  expect(changed.status).toBe(200);
  expect(await service()).toBe("next");

  const seen = (await (await ask(`${gateway.adminUrl}/admin/splits`)).json()) as object;
  expect(seen).toEqual({
    splits: {
      "/api/*": [
        { upstream: "next", weight: 1, configured_weight: 0, requests: 2 },
        { upstream: "stable", weight: 0, configured_weight: 1, requests: 1 },
      ],
    },
  });
  const rows = await gateway.waitForRows(3);
  expect(rows.map(({ upstream }) => upstream)).toEqual(["stable", "next", "next"]);
});
