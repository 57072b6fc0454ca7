import { describe, expect, test } from "bun:test";
import { Answer } from "../../../../src/pipeline/answer.ts";
import type { AttemptRecord, Exchange } from "../../../../src/pipeline/exchange.ts";
import { conditionsOfChoice } from "../../../../src/config/split-schema.ts";
import { SplitMemory } from "../../../../src/proxy/split/memory.ts";
import { Split, type SplitChoice } from "../../../../src/proxy/split/split.ts";
import { SplitWeights } from "../../../../src/proxy/split/weights.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { openExchange } from "../../pipeline/opening.ts";

/** A canary with a weight of 1 in 10, that cookies, fields and parameters force. */
function canary(random: () => number = () => 0.99) {
  const choices = [
    { upstream: "new", weight: 1, when: { header: { "x-canary": "1" }, query: { v: "2" } } },
    { upstream: "old", weight: 9 },
    {
      upstream: "tests",
      weight: 0,
      when: [{ cookie: { test: ["a", "b"] } }, { query: { test: { present: true } } }],
    },
  ];
  const asked: string[] = [];
  const handlers = choices.map((choice): SplitChoice => ({
    name: choice.upstream,
    conditions: conditionsOfChoice(choice),
    preserveHost: choice.upstream === "old",
    forward: {
      handle(exchange: Exchange) {
        asked.push(`${choice.upstream} ${exchange.outgoing.host ?? "its own host"}`);
        return new Answer(null);
      },
    },
  }));
  const weights = new SplitWeights(choices);
  return { split: new Split(handlers, weights, random), weights, asked };
}

const anAttempt: AttemptRecord = {
  backend: "http://a.test",
  startedAt: 0,
  endedAt: 1,
  failure: undefined,
  outcome: "answered",
  status: 200,
};

describe("a sticky split", () => {
  function sticky(random: () => number) {
    const clock = new FakeClock();
    const backends = { areAsked: true, status: 200 };
    const names = ["new", "old"];
    const weights = new SplitWeights(names.map((upstream) => ({ upstream, weight: 1 })));
    const config = { enabled: true, cookie: "gateway_split", same_site: "lax" } as const;
    const memory = new SplitMemory(names, config, { clock, ownSecret: "a secret" });
    const handlers = names.map((name): SplitChoice => ({
      name,
      conditions: undefined,
      preserveHost: true,
      forward: {
        handle(exchange: Exchange) {
          if (backends.areAsked) exchange.attempts.push(anAttempt);
          return new Answer(null, { status: backends.status });
        },
      },
    }));
    const split = new Split(handlers, weights, random, memory);
    const visit = async (cookie?: string) => {
      const exchange = openExchange({ fields: cookie === undefined ? {} : { cookie } });
      const answer = await split.handle(exchange);
      return {
        name: exchange.upstream,
        set: answer.fields.get("set-cookie"),
        sent: exchange.outgoing.get("cookie"),
      };
    };
    return { weights, visit, backends };
  }

  test("keeps a client with the upstream that it was given, and the cookie from backends", async () => {
    const draws = [0.9, 0.1, 0.1];
    const { visit } = sticky(() => draws.shift() ?? 0.1);
    const first = await visit("a=b");
    expect(first.name).toBe("old");
    expect(first.set).toMatch(/^gateway_split=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
    const cookie = first.set!.split(";")[0]!;
    expect(await visit(`a=b; ${cookie}`)).toEqual({ name: "old", set: null, sent: "a=b" });
    expect((await visit()).name).toBe("new");
    expect((await visit("gateway_split=AAAAAAAAAAAAAAAA")).name).toBe("new");
  });

  test("binds no client to an upstream that fails, or that was not asked", async () => {
    const { visit, backends } = sticky(() => 0.9);
    backends.status = 500;
    expect((await visit()).set).toBeNull();
    backends.status = 404;
    expect((await visit()).set).not.toBeNull();
    backends.areAsked = false;
    expect((await visit()).set).toBeNull();
  });

  test("gives a client another upstream when its own gets nothing any more", async () => {
    const { visit, weights } = sticky(() => 0.9);
    const cookie = (await visit()).set!.split(";")[0]!;
    weights.change({ old: 0 });
    const moved = await visit(cookie);
    expect(moved.name).toBe("new");
    expect(moved.set).not.toBeNull();
  });
});

describe("a split", () => {
  test("sends a request by the weights where nothing else decides", async () => {
    let at = 0;
    const { split, asked, weights } = canary(() => (at++ % 10) / 10);
    for (let request = 0; request < 100; request += 1) await split.handle(openExchange());
    expect(asked.filter((one) => one.startsWith("new"))).toHaveLength(10);
    expect(weights.shares.map(({ requests }) => requests)).toEqual([10, 90, 0]);
  });

  test.each([
    [{ fields: { "x-canary": "1" }, url: "http://a.test/?v=2" }, "new"],
    [{ fields: { "x-canary": "1" }, url: "http://a.test/?v=3" }, "old"],
    [{ fields: { "x-canary": "2" }, url: "http://a.test/?v=2" }, "old"],
    [{ fields: { cookie: "x=1; test=b" } }, "tests"],
    [{ url: "http://a.test/?test" }, "tests"],
    [{ fields: { cookie: "x=1; test=c" } }, "old"],
  ])("sends a request with %p to %s", async (opening, name) => {
    const { split } = canary();
    const exchange = openExchange(opening);
    await split.handle(exchange);
    expect(exchange.upstream).toBe(name);
  });

  test("gives the backends of each upstream the Host that these want", async () => {
    const { split, asked } = canary();
    await split.handle(openExchange({ host: "a.test" }));
    await split.handle(openExchange({ host: "a.test", fields: { cookie: "test=a" } }));
    const chosen = openExchange({ host: "a.test", fields: { cookie: "test=a" } });
    chosen.outgoing.host = "b.test";
    await split.handle(chosen);
    expect(asked).toEqual(["old a.test", "tests its own host", "tests b.test"]);
  });
});
