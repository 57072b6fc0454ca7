import { expect, test } from "bun:test";
import { adminPages } from "../../support/admin-pages.ts";
import { world } from "../runtime/world.ts";

function splitPages() {
  const { gateway, clock } = world({
    config: `
upstreams: { old: { backends: [http://old.test] }, new: { backends: [http://new.test] } }
routes: [{ path: /*, split: [{ upstream: old, weight: 9 }, { upstream: new }] }]
`,
  });
  const lines: string[] = [];
  const pages = adminPages({
    snapshot: () => gateway.snapshot,
    onChange: (message) => lines.push(message),
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
    clock,
  });
  const change = (weights: unknown) =>
    pages.handle(
      new Request("http://localhost:9090/admin/splits", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ route: "/*", weights }),
      }),
    );
  const { shares } = gateway.snapshot.routes[0]!.split!.weights;
  return { change, lines, weights: () => shares.map(({ weight }) => weight) };
}

test("weights of a split are changed", async () => {
  const { change, lines, weights } = splitPages();
  expect((await change({ new: 3 })).status).toBe(200);
  expect(weights()).toEqual([9, 3]);
  expect(lines).toEqual(["the weights of route /* were changed: old 9, new 3"]);
});

test.each([
  [{ new: "3" }, "weights.new: Expected integer"],
  [{ new: 1.5 }, "weights.new: Expected integer"],
  [{ new: -1 }, "weights.new: Expected integer to be greater or equal to 0"],
  [{ new: null }, "weights.new: Expected integer"],
  [{ other: 1 }, "weights: other is not an upstream of this split, which has old, new"],
  [{ old: 0, new: 0 }, "weights: at least one weight must be above 0"],
  [{}, "weights: Expected object to have at least 1 properties"],
  [[3], "weights: Expected object"],
])("weights of a split do not become %p", async (given, message) => {
  const { change, lines, weights } = splitPages();
  const answer = await change(given);
  expect([answer.status, await answer.text()]).toEqual([422, `${message}\n`]);
  expect(weights()).toEqual([9, 1]);
  expect(lines).toEqual([]);
});
