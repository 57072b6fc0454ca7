import { Live } from "../../../src/telemetry/live/live.ts";
import type { Note } from "../../../src/telemetry/notes/note.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { describe, expect, test } from "bun:test";
import { adminPages, LOCAL } from "../../support/admin-pages.ts";

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
      detail: "there is no parameter sinc; did you mean since?",
    });
    expect(await (await ask("exchanges?colour=red")).json()).toMatchObject({
      detail: expect.stringMatching(
        /^there is no parameter colour; there are since, until, status, /,
      ),
    });
  });

  test("answers HEAD without content, of events that do not end too", async () => {
    const live = new Live({ clock: new FakeClock(), inFlight: () => 0 });
    const { handle } = adminPages({ live });
    const answer = await handle(
      new Request("http://localhost:9090/admin/api/live", { method: "HEAD" }),
    );
    expect([answer.status, answer.headers.get("content-type"), answer.body]).toEqual([
      200,
      "text/event-stream",
      null,
    ]);
    expect(live.watching).toBe(0);
  });

  test("ends live events when their reader is let in no more", async () => {
    const clock = new FakeClock();
    const live = new Live({ clock, inFlight: () => 0 });
    let isIn = true;
    const { handle } = adminPages({ live, clock }, { ...LOCAL, isStillIn: () => isIn });
    await handle(new Request("http://localhost:9090/admin/api/live"));
    clock.advance(1_000);
    expect(live.watching).toBe(1);
    isIn = false;
    clock.advance(1_000);
    expect(live.watching).toBe(0);
  });

  test("writes down of a stranger only tries to log in, and never what they say", async () => {
    const notes: Note[] = [];
    const { handle } = adminPages(
      { note: (note) => notes.push(note) },
      { by: "nobody", peer: "192.0.2.1", port: 9090 },
    );
    const login = (content: string, type = "application/json") =>
      handle(
        new Request("http://localhost:9090/admin/api/login", {
          method: "POST",
          headers: { "content-type": type },
          body: content,
        }),
      );
    const statuses = [];
    for (const content of ['{"Token":"s3cret"}', "{", "[]"]) {
      statuses.push((await login(content)).status);
    }
    statuses.push((await login("{}", "text/plain")).status);
    expect(statuses).toEqual([422, 400, 422, 415]);
    expect(notes).toEqual([]);
    await adminPages({ note: (note) => notes.push(note) }).handle(
      new Request("http://localhost:9090/admin/api/login", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"Token":"s3cret"}',
      }),
    );
    expect(notes).toMatchObject([{ action: "login", details: "{}" }]);
  });

  test.each([
    ["stats", "parameter by is missing: route, backend, upstream, "],
    ["stats?by=foo", "parameter by cannot be that: route, backend, upstream, "],
    ["exchanges?limit=0", "parameter limit cannot be that: 100 by default, at most 1000"],
  ])("says what is right where %s is not", async (path, detail) => {
    const answer = await ask(path);

    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining(detail) });
  });
});
