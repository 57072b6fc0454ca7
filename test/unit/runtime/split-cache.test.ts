import { expect, test } from "bun:test";
import { world } from "./world.ts";

/** A split with a cache, whose answers say which upstream they are from. */
function cachedSplit(keys: string) {
  const { ask, sent, gateway } = world({
    config: `
upstreams:
  old: { backends: [http://old.test] }
  new: { backends: [http://new.test] }
routes:
  - path: /*
    cache: true
    split:
      - { upstream: new, when: { header: { x-canary: "1" } } }
      - { upstream: old }
    ${keys}
`,
    answer: ({ request }) =>
      new Response(request.backend, { headers: { "cache-control": "max-age=60" } }),
  });
  const weights = gateway.snapshot.routes[0]!.split!.weights;
  return {
    sent,
    get: async (path: string, headers: Record<string, string> = {}) => {
      const response = await ask(path, { headers });
      const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
      return { content: await response.text(), cookie };
    },
    only: (name: "old" | "new") => weights.change({ old: 0, new: 0, [name]: 1 }),
    both: () => weights.change({ old: 1, new: 1 }),
  };
}

test("a client of a sticky split gets stored answers of its own upstream", async () => {
  const { get, only, both, sent } = cachedSplit("sticky: true");
  only("new");
  const { cookie: ofNew } = await get("/");
  only("old");
  const { cookie: ofOld } = await get("/");
  both();
  sent.length = 0;

  for (let round = 0; round < 2; round += 1) {
    expect((await get("/", { cookie: ofNew })).content).toBe("http://new.test");
    expect((await get("/", { cookie: ofOld })).content).toBe("http://old.test");
  }

  expect(sent).toHaveLength(2);
});

test("a request that forces an upstream gets stored answers of that one, whatever else its fields say", async () => {
  const { get, only, sent } = cachedSplit("");
  only("old");
  const canary = { "x-canary": "1" };
  for (let round = 0; round < 2; round += 1) {
    expect((await get("/", canary)).content).toBe("http://new.test");
    expect((await get("/")).content).toBe("http://old.test");
    expect((await get("/", { "x-canary": `not ${round}` })).content).toBe("http://old.test");
  }
  expect(sent).toHaveLength(2);
});

test("a request that goes where it is known to go has its answers where the forced ones are", async () => {
  const { get, only, both, sent } = cachedSplit("sticky: true");
  only("new");
  const { cookie } = await get("/");
  both();
  sent.length = 0;
  await get("/", { cookie });
  await get("/", { "x-canary": "1" });
  expect(sent).toHaveLength(1);
});
