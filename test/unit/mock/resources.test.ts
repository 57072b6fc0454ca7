import { describe, expect, test } from "bun:test";
import { mocks } from "./support.ts";

const start = mocks();

describe.each(["users", "orders"])("/api/%s", (name) => {
  test("the list names the mock and holds a few of them", async () => {
    const list = await (await fetch(`${start().url}/api/${name}`)).json();
    const ids = [1, 2, 3, 4, 5].map((id) => ({ id }));
    expect(list).toMatchObject({ server: "Mock-1", [name]: ids });
  });

  test("a slash at the end makes no difference", async () => {
    const { url } = start();
    const [list, same] = [await fetch(`${url}/api/${name}`), await fetch(`${url}/api/${name}/`)];
    expect(same.status).toBe(200);
    expect(await same.json()).toEqual(await list.json());
    expect((await fetch(`${url}/api/${name}/`, { method: "POST" })).status).toBe(201);
    expect(await (await fetch(`${url}/api/${name}/42/`)).json()).toMatchObject({ id: 42 });
  });

  test("one of them names the mock and its id", async () => {
    const answer = await fetch(`${start().url}/api/${name}/42`);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toMatchObject({ server: "Mock-1", id: 42 });
  });

  test("an id that is no number stays text", async () => {
    const { url } = start();
    expect(await (await fetch(`${url}/api/${name}/a-b`)).json()).toMatchObject({ id: "a-b" });
    expect(await (await fetch(`${url}/api/${name}/007`)).json()).toMatchObject({ id: "007" });
  });

  test("two mocks give the same answer, but for their name", async () => {
    const [first, second] = await Promise.all(
      [start({ name: "A" }), start({ name: "B" })].map(async ({ url }) =>
        (await fetch(`${url}/api/${name}/x9`)).json(),
      ),
    );
    expect(first).toEqual({ ...(second as object), server: "A" });
  });

  test("POST answers 201 with the new Location and what was sent", async () => {
    const { url } = start();
    const answer = await fetch(`${url}/api/${name}`, { method: "POST", body: '{"note":"hi"}' });
    const created = (await answer.json()) as { id: number };
    expect(answer.status).toBe(201);
    expect(created).toMatchObject({ server: "Mock-1", note: "hi" });
    expect(answer.headers.get("location")).toBe(`/api/${name}/${created.id}`);
  });

  test("every POST gets another id", async () => {
    const { url } = start();
    const locations = new Set<string | null>();
    for (let count = 0; count < 3; count += 1) {
      const answer = await fetch(`${url}/api/${name}`, { method: "POST" });
      locations.add(answer.headers.get("location"));
    }
    expect(locations.size).toBe(3);
  });

  test.each(["PUT", "PATCH"])("%s answers it with what was sent, under its id", async (method) => {
    const body = '{"status":"gone","id":9}';
    const answer = await fetch(`${start().url}/api/${name}/5`, { method, body });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ server: "Mock-1", id: 5, status: "gone" });
  });

  test("DELETE answers 204", async () => {
    const answer = await fetch(`${start().url}/api/${name}/5`, { method: "DELETE" });
    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe("");
  });

  test.each(["{", "[1]", "null", `{"a":"${"x".repeat(2 ** 20)}"}`])(
    "a body that is no JSON object of at most 1MiB is answered with 400 (%#)",
    async (body) => {
      const answer = await fetch(`${start().url}/api/${name}`, { method: "POST", body });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        error: expect.stringContaining("expected a JSON object"),
      });
    },
  );
});

describe("/health", () => {
  test("a new mock is healthy", async () => {
    const answer = await fetch(`${start().url}/health`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: "healthy", server: "Mock-1" });
  });

  test("after POST /health/down it answers 503 until POST /health/up", async () => {
    const { url } = start();
    await fetch(`${url}/health/down`, { method: "POST" });
    const down = await fetch(`${url}/health`);
    expect(down.status).toBe(503);
    expect(await down.json()).toEqual({ status: "unhealthy", server: "Mock-1" });
    await fetch(`${url}/health/up`, { method: "POST" });
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("one mock's health is not another's", async () => {
    const [first, second] = [start(), start()];
    await fetch(`${first.url}/health/down`, { method: "POST" });
    expect((await fetch(`${second.url}/health`)).status).toBe(200);
  });
});
