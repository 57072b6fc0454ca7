import { describe, expect, test } from "bun:test";
import { AttemptError } from "../../../src/transport/attempt-error.ts";
import { world } from "./world.ts";

const config = (keys: string) => `
routes:
  - path: /*
    backends: [http://a.test, http://b.test]
    sticky: true
    ${keys}
`;

/** Backends whose answers all have this Cache-Control. */
const answering = (cacheControl: string) => () =>
  new Response("hello", { headers: { "content-length": "5", "cache-control": cacheControl } });

const cookieOf = (response: Response) => response.headers.get("set-cookie")?.split(";")[0] ?? "";

describe("sticky sessions and the gateway's cache", () => {
  test("an answer that sets the cookie is not stored, one to a client that has it is", async () => {
    const { ask, sent } = world({ config: config("cache: true"), answer: answering("max-age=60") });
    const first = await ask("/");
    const cookie = cookieOf(first);
    expect(cookie).not.toBe("");
    expect(cookieOf(await ask("/"))).not.toBe("");
    expect(sent).toHaveLength(2);
    const known = await ask("/", { headers: { cookie } });
    expect(cookieOf(known)).toBe("");
    expect(sent).toHaveLength(3);
    // From the cache, for a client without the cookie, too.
    const hit = await ask("/");
    expect(cookieOf(hit)).toBe("");
    expect(hit.headers.get("cache-control")).toBe("max-age=60");
    expect(sent).toHaveLength(3);
  });

  test("an answer for everyone sets no cookie and is stored", async () => {
    const { ask, sent } = world({
      config: config("cache: true"),
      answer: answering("public, max-age=60"),
    });
    expect(cookieOf(await ask("/"))).toBe("");
    expect(cookieOf(await ask("/"))).toBe("");
    expect(sent).toHaveLength(1);
  });
});

test("an attempt at another backend binds the client to that one", async () => {
  let isDown = true;
  const { ask, sent } = world({
    config: config(""),
    answer() {
      if (!isDown) return new Response(null);
      isDown = false;
      throw new AttemptError("backend_unreachable", "the backend refuses connections", "nothing");
    },
  });
  const response = await ask("/");
  expect(response.headers.get("set-cookie")?.split("gateway_backend=")).toHaveLength(2);
  const headers = { cookie: cookieOf(response) };
  for (let visit = 0; visit < 3; visit += 1) await ask("/", { headers });
  const [failed, ...others] = sent.map(({ request }) => request.backend);
  expect(others).toEqual(
    Array(4).fill(failed === "http://a.test" ? "http://b.test" : "http://a.test"),
  );
});
