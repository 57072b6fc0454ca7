import { describe, expect, test } from "bun:test";
import { Answer } from "../../../../src/pipeline/answer.ts";
import type { Policy } from "../../../../src/pipeline/policy.ts";
import { rateLimit } from "../../../../src/policies/limits/rate-limit.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { answerWith } from "../../pipeline/answers.ts";
import { Chain, issuesOf, policyFrom } from "../chain.ts";

const { global, route } = rateLimit;

/** The policies of a route, or of requests without one, in their order. */
function limits({
  global: top,
  route: own,
  name = "/api/*",
  clock = new FakeClock(),
}: {
  global?: unknown;
  route?: unknown;
  name?: string;
  clock?: FakeClock;
}) {
  const forAll = top === undefined ? undefined : policyFrom(global, top, clock);
  return inOrder(own === undefined ? forAll : policyFrom(route, own, clock, name, forAll));
}

const inOrder = (policy: Policy | undefined) => [policy, policy?.secondPart];

const repeat = (status: number, times: number): number[] =>
  Array.from({ length: times }, () => status);

describe("a limit for the gateway", () => {
  test("admits its burst at once and refuses the next with 429", async () => {
    const chain = new Chain(limits({ global: { rate: 100, burst: 5 } }));
    expect(await chain.statuses(7)).toEqual([...repeat(200, 5), 429, 429]);
    expect(chain.asked).toHaveLength(5);
  });

  test("admits at its rate after the burst", async () => {
    const clock = new FakeClock();
    const chain = new Chain(limits({ global: { rate: 100, burst: 5 }, clock }));
    await chain.statuses(5);
    clock.advance(9);
    expect(await chain.statuses(1)).toEqual([429]);
    clock.advance(11);
    expect(await chain.statuses(3)).toEqual([200, 200, 429]);
  });

  test("counts requests that are under way at the same time", async () => {
    const chain = new Chain(limits({ global: { rate: 1, burst: 5 } }));
    const answers = await Promise.all(Array.from({ length: 15 }, () => chain.send()));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  });

  test("is shared by all clients", async () => {
    const chain = new Chain(limits({ global: { rate: 1 } }));
    expect(await chain.statuses(1, { client: "192.0.2.1" })).toEqual([200]);
    expect(await chain.statuses(1, { client: "192.0.2.2" })).toEqual([429]);
  });

  test("has a burst of one second's requests unless it says otherwise", async () => {
    const chain = new Chain(limits({ global: { rate: 3.5 } }));
    expect(await chain.statuses(5)).toEqual([...repeat(200, 4), 429]);
  });

  test("is not in force when it is switched off", () => {
    expect(policyFrom(global, { enabled: false, rate: 1 })).toBeUndefined();
  });
});

describe("a limit for a route", () => {
  test.each([
    ["a number", 50, 50],
    ["a number below one", 0.5, 1],
    ["text", "10/m", 10],
    ["an object", { rate: "10/m", burst: 3 }, 3],
  ])("may be %s", async (_form, written, burst) => {
    const chain = new Chain(limits({ route: written }));
    expect(await chain.statuses(burst + 1)).toEqual([...repeat(200, burst), 429]);
  });

  test("holds in addition to the gateway's: a request needs room in both", async () => {
    const narrowRoute = limits({ global: { rate: 5 }, route: 2 });
    expect(await new Chain(narrowRoute).statuses(3)).toEqual([200, 200, 429]);
    const narrowGateway = limits({ global: { rate: 2 }, route: 5 });
    expect(await new Chain(narrowGateway).statuses(3)).toEqual([200, 200, 429]);
  });

  test("takes nothing from the gateway's for a request that it refuses", async () => {
    const clock = new FakeClock();
    const shared = policyFrom(global, { rate: 1, burst: 10 }, clock);
    const narrow = new Chain([policyFrom(route, 1, clock, "/narrow", shared)]);
    await narrow.statuses(100);
    expect(await new Chain([shared]).statuses(10)).toEqual([...repeat(200, 9), 429]);
  });

  test("is left alone by a request that the gateway's refuses", async () => {
    const clock = new FakeClock();
    const shared = policyFrom(global, { rate: "1/s" }, clock);
    const chain = new Chain([policyFrom(route, { rate: "1/h", burst: 3 }, clock, "/", shared)]);
    expect(await chain.statuses(3)).toEqual([200, 429, 429]);
    clock.advance(1000);
    expect(await chain.statuses(1)).toEqual([200]);
    clock.advance(1000);
    expect(await chain.statuses(1)).toEqual([200]);
    clock.advance(1000);
    expect(await chain.statuses(1)).toEqual([429]);
  });

  test("may be turned off under a default, and the gateway's stays", async () => {
    const chain = new Chain(limits({ global: { rate: 2 }, route: false }));
    expect(await chain.statuses(3)).toEqual([200, 200, 429]);
    expect(limits({ route: false })).toEqual([undefined, undefined]);
  });
});

describe("a limit by client address", () => {
  const byClient = { rate: 1, burst: 2, key: "client_ip" };

  test("gives each client its own burst", async () => {
    const chain = new Chain(limits({ route: byClient }));
    expect(await chain.statuses(3, { client: "192.0.2.1" })).toEqual([200, 200, 429]);
    expect(await chain.statuses(3, { client: "192.0.2.2" })).toEqual([200, 200, 429]);
  });

  test("takes the addresses of one IPv6 /64 for one client", async () => {
    const chain = new Chain(limits({ global: byClient }));
    expect(await chain.statuses(2, { client: "2001:db8::1" })).toEqual([200, 200]);
    expect(await chain.statuses(1, { client: "2001:db8::2" })).toEqual([429]);
    expect(await chain.statuses(1, { client: "2001:db8:0:1::1" })).toEqual([200]);
  });

  test("gives a client no more in the time that its bucket takes to fill", async () => {
    const clock = new FakeClock();
    const chain = new Chain(limits({ route: byClient, clock }));
    let admitted = 0;
    for (let second = 0; second < 20; second += 1) {
      const statuses = await chain.statuses(3);
      admitted += statuses.filter((status) => status === 200).length;
      clock.advance(1000);
    }
    expect(admitted).toBe(2 + 19);
  });
});

describe("what an answer says about limits", () => {
  test("an admitted request learns the limit and what is left of it", async () => {
    const chain = new Chain(limits({ global: { rate: 50 } }));
    const { headers } = await chain.send();
    expect(headers.get("ratelimit-policy")).toBe('"default";q=50;w=1');
    expect(headers.get("ratelimit")).toBe('"default";r=49;t=1');
  });

  test("a refused request learns as much, and when to come back", async () => {
    const clock = new FakeClock();
    const chain = new Chain(limits({ global: { rate: "10/m", burst: 20 }, clock }));
    await chain.statuses(20);
    clock.advance(1500);
    const answer = await chain.send();
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(answer.headers.get("ratelimit-policy")).toBe('"default";q=20;w=120');
    expect(answer.headers.get("ratelimit")).toBe('"default";r=0;t=5');
    expect(await answer.json()).toMatchObject({
      code: "rate_limited",
      detail: "too many requests; try again in 5 s",
    });
  });

  test("a client that comes back after Retry-After is admitted", async () => {
    const clock = new FakeClock();
    const chain = new Chain(limits({ route: "7/m", clock }));
    for (let round = 0; round < 20; round += 1) {
      const refused = await chain.send();
      if (refused.status === 429) clock.advance(Number(refused.headers.get("retry-after")) * 1000);
      else clock.advance(1);
      if (refused.status === 429) expect((await chain.send()).status).toBe(200);
    }
  });

  test("Retry-After is never 0", async () => {
    const chain = new Chain(limits({ global: { rate: 1000, burst: 1 } }));
    await chain.send();
    expect((await chain.send()).headers.get("retry-after")).toBe("1");
  });

  test("two limits are both reported, the gateway's first", async () => {
    const chain = new Chain(limits({ global: { rate: 100 }, route: 5 }));
    const { headers } = await chain.send();
    expect(headers.get("ratelimit-policy")).toBe('"default";q=100;w=1, "/api/*";q=5;w=1');
    expect(headers.get("ratelimit")).toBe('"default";r=99;t=1, "/api/*";r=4;t=1');
  });

  test("a request that the route's limit refuses learns that the gateway's is untouched", async () => {
    const chain = new Chain(limits({ global: { rate: 100 }, route: 1 }));
    await chain.send();
    const { headers } = await chain.send();
    expect(headers.get("ratelimit")).toBe('"default";r=99;t=1, "/api/*";r=0;t=1');
  });

  test("a request that the gateway's limit refuses learns that the route's is untouched", async () => {
    const chain = new Chain(limits({ global: { rate: 1 }, route: 5 }));
    await chain.send();
    const { headers } = await chain.send();
    expect(headers.get("ratelimit-policy")).toBe('"default";q=1;w=1, "/api/*";q=5;w=1');
    expect(headers.get("ratelimit")).toBe('"default";r=0;t=1, "/api/*";r=4;t=1');
  });

  test("each request learns what it found itself, whatever others took before its answer", async () => {
    const held = Promise.withResolvers<void>();
    const chain = new Chain(limits({ global: { rate: 10 } }), async () => {
      await held.promise;
      return new Answer("ok");
    });
    const answers = [chain.send(), chain.send(), chain.send()];
    held.resolve();
    const left = (await Promise.all(answers)).map(({ headers }) => headers.get("ratelimit"));
    expect(left).toEqual(['"default";r=9;t=1', '"default";r=8;t=1', '"default";r=7;t=1']);
  });

  test("a backend's fields of the same names give way", async () => {
    const chain = new Chain(limits({ global: { rate: 10 }, route: 5 }), () =>
      answerWith("ok", { ratelimit: '"its";r=1', "ratelimit-policy": "x" }),
    );
    const { headers } = await chain.send();
    expect(headers.get("ratelimit")).toBe('"default";r=9;t=1, "/api/*";r=4;t=1');
    expect(headers.get("ratelimit-policy")).toBe('"default";q=10;w=1, "/api/*";q=5;w=1');
  });

  test("an error of the backend reports limits too", async () => {
    const chain = new Chain(limits({ route: 5 }), () => new Answer("no", { status: 503 }));
    expect((await chain.send()).headers.get("ratelimit")).toBe('"/api/*";r=4;t=1');
  });

  test("a route's name is a string of structured fields", async () => {
    const chain = new Chain(limits({ route: 5, name: 'a"b\\c/ü\ud800' }));
    expect((await chain.send()).headers.get("ratelimit")).toBe(
      '"a\\"b\\\\c/%C3%BC%EF%BF%BD";r=4;t=1',
    );
  });

  test.each([
    [{ rate: 100, burst: 50 }, "q=50;w=1"],
    [{ rate: 10, burst: 25 }, "q=25;w=3"],
    [{ rate: "1000/d", burst: 1000 }, "q=1000;w=86400"],
  ])("%o is reported as %s: the burst, and the time in which it fills", async (written, told) => {
    const { headers } = await new Chain(limits({ global: written })).send();
    expect(headers.get("ratelimit-policy")).toBe(`"default";${told}`);
  });

  test("a client that keeps to what is reported is never refused", async () => {
    const clock = new FakeClock();
    const chain = new Chain(limits({ global: { rate: 10, burst: 25 }, clock }));
    for (let window = 0; window < 10; window += 1) {
      expect(await chain.statuses(25)).toEqual(repeat(200, 25));
      clock.advance(3000);
    }
  });
});

describe("a limit's configuration", () => {
  test("is fine as people write it", () => {
    expect(issuesOf(global, { enabled: true, rate: 100, burst: 50 })).toEqual([]);
    expect(issuesOf(route, 50)).toEqual([]);
    expect(issuesOf(route, { rate: "5/m", when_exceeded: "delay" })).toEqual([]);
    expect(issuesOf(route, { rate: "5/d", burst: 100, key: "client_ip" })).toEqual([]);
  });

  test.each(["0/s", 1_000_001, "99999999/s"])("cannot have the rate %p", (rate) => {
    const message = "a rate must be above zero and at most a million per second";
    expect(issuesOf(global, { rate: rate })).toEqual([{ path: ["rate"], message }]);
    expect(issuesOf(route, rate)).toEqual([{ path: [], message }]);
  });

  test.each([
    [5, 5, 1],
    ["2/s", 2, 1],
    ["600/m", 600, 60],
    [{ rate: "1000/h" }, 1000, 3600],
    [{ rate: 0.5 }, 1, 2],
    [{ rate: "1000/h", burst: 10 }, 10, 36],
  ])("%p admits %d at once, as many as is written for its unit", async (written, burst, window) => {
    const chain = new Chain(limits({ route: written }));
    const answer = await chain.send();
    expect(answer.headers.get("ratelimit-policy")).toEndWith(`;q=${burst};w=${window}`);
  });

  test("cannot have a burst that takes years to come back", () => {
    expect(issuesOf(route, { rate: "1/d", burst: 400 })).toMatchObject([{ path: ["burst"] }]);
    expect(issuesOf(route, { rate: "0.001/d" })).toMatchObject([{ path: ["rate"] }]);
  });

  test("at the top is 100 a second by default, and on a route must be written", () => {
    expect(() => policyFrom(global, { burst: 1 })).not.toThrow();
    expect(() => policyFrom(route, { burst: 1 })).toThrow();
  });

  test.each([
    { rate: 10, burst: 0 },
    { rate: 10, burst: 1.5 },
    { rate: 10, key: "cookie" },
    { rate: 10, cost: 0 },
    { rate: 10, bursts: 1 },
    { rate: "fast" },
  ])("is not %o", (written) => {
    expect(() => policyFrom(global, written)).toThrow();
    expect(() => policyFrom(route, written)).toThrow();
  });
});
