import { describe, expect, test } from "bun:test";
import { adminPages } from "../../support/admin-pages.ts";

describe("the admin API", () => {
  const pages = adminPages();
  const ask = (path: string) =>
    pages.handle(new Request(`http://localhost:9090/admin/api/${path}`));

  test("describes itself, and nothing else, with problems for answers that fail", async () => {
    const answer = await ask("openapi.json");

    const { paths } = (await answer.json()) as { paths: Record<string, object> };
    expect(Object.keys(paths).every((path) => path.startsWith("/admin/api/"))).toBe(true);
    expect(paths["/admin/api/overview"]).toMatchObject({
      get: { responses: { 200: {}, default: {} } },
    });
  });

  test("names an endpoint that there is not, and a parameter that it does not know", async () => {
    expect(await (await ask("nothing")).json()).toMatchObject({ title: "Not Found", status: 404 });
    const unknown = await ask("overview?sinc=1");
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
    expect(await unknown.json()).toMatchObject({
      status: 422,
      detail: "parameter sinc: Unexpected property",
    });
  });
});
