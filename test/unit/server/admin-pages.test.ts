import { describe, expect, test } from "bun:test";
import { adminPages } from "../../support/admin-pages.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("the operator's pages", () => {
  const pages = adminPages({
    snapshot: () => {
      throw new Error("not needed");
    },
    onChange: () => {},
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
    clock: new FakeClock(),
  });
  const get = (path: string) => pages.handle(new Request(`http://localhost:9090${path}`));

  test.each(["/admin", "/admin/"])("%s lists them", async (path) => {
    const response = await get(path);

    expect(response.status).toBe(200);
    const { pages: listed } = (await response.json()) as { pages: string[] };
    expect(listed).toEqual([...new Set(listed)]);
    expect(listed).toEqual(expect.arrayContaining(["/admin/backends", "/admin/log"]));
  });

  test.each(["/", "/health", "/admin/backend"])("%s says which there are", async (path) => {
    const response = await get(path);

    expect(response.status).toBe(404);
    expect(await response.text()).toStartWith(
      "no such page; GET /admin/backends or GET /admin/cache or POST ",
    );
  });

  test.each(["/admin", "/admin/"])("%s is not one that the main port may show", (path) => {
    expect(pages.has("GET", path)).toBe(false);
  });
});
