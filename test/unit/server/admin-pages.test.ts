import { describe, expect, test } from "bun:test";
import { createAdminPages } from "../../../src/server/admin/app.ts";

describe("the operator's pages", () => {
  const pages = createAdminPages({
    snapshot: () => {
      throw new Error("not needed");
    },
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
  });
  const get = (path: string) => pages.handle(new Request(`http://localhost:9090${path}`));

  test.each(["/admin", "/admin/"])("%s lists them", async (path) => {
    const response = await get(path);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ pages: ["/admin/backends", "/admin/log"] });
  });

  test.each(["/", "/health", "/admin/backend"])("%s says which there are", async (path) => {
    const response = await get(path);

    expect(response.status).toBe(404);
    expect(await response.text()).toBe("no such page; GET /admin/backends or GET /admin/log\n");
  });

  test.each(["/admin", "/admin/"])("%s is not one that the main port may show", (path) => {
    expect(pages.has("GET", path)).toBe(false);
  });
});
