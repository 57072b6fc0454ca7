import { describe, expect, test } from "bun:test";
import { Answer } from "../../../../src/pipeline/answer.ts";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import { conditionsOfChoice } from "../../../../src/config/split-schema.ts";
import { Split, type SplitChoice } from "../../../../src/proxy/split/split.ts";
import { SplitWeights } from "../../../../src/proxy/split/weights.ts";
import { openExchange } from "../../pipeline/opening.ts";

/** A canary with a weight of 1 in 10, that cookies, fields and parameters force. */
function canary(random: () => number = () => 0.99) {
  const choices = [
    { upstream: "new", weight: 1, when: { header: { "x-canary": "1" }, query: { v: "2" } } },
    { upstream: "old", weight: 9 },
    { upstream: "tests", weight: 0, when: { cookie: { test: ["a", "b"] } } },
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
