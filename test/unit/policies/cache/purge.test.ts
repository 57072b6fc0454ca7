import { expect, spyOn, test } from "bun:test";
import { purgeInSteps } from "../../../../src/policies/cache/purge.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { CachedRoute, invalidationWith } from "./cached.ts";

const TAGGED = { fields: { "cache-control": "max-age=60", "surrogate-key": "all" } };

/** Routes that have one store, as all routes of a gateway do. */
async function routesWithAnswers(count: number): Promise<CachedRoute[]> {
  const clock = new FakeClock();
  const invalidation = invalidationWith(clock);
  const routes = Array.from({ length: count }, () =>
    new CachedRoute(true, { clock, invalidation }).answers(TAGGED),
  );
  for (const route of routes) await route.ask("/a");
  return routes;
}

const entriesOf = (routes: CachedRoute[]) => routes.map(({ cache }) => cache.shelf.entries);

test.each([
  [{ tag: "all" }, 5],
  [{ all: true as const }, 10],
])("a purge of %p does little at a time, whatever the number of routes", async (what, least) => {
  const routes = await routesWithAnswers(5);
  const spoil = spyOn(routes[0]!.cache.store, "spoil");
  const steps = purgeInSteps(
    routes.map(({ cache }) => cache),
    what,
  );
  let count = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) count += 1;
  expect(step.value).toBe(5);
  expect(entriesOf(routes)).toEqual([0, 0, 0, 0, 0]);
  expect(count).toBe(least);
  expect(spoil).toHaveBeenCalledTimes(1);
});

test.each([{ tag: "all" }, { all: true as const }])(
  "a purge of %p of one route leaves what others have stored",
  async (what) => {
    const routes = await routesWithAnswers(3);
    const steps = purgeInSteps([routes[1]!.cache], what);
    while (steps.next().done !== true);
    expect(entriesOf(routes)).toEqual([1, 0, 1]);
  },
);
