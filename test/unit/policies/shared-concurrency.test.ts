import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { concurrency } from "../../../src/policies/concurrency/concurrency.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeStore } from "../../support/fake-store.ts";
import { policyServices } from "../../support/policy-services.ts";
import { openExchange } from "../pipeline/opening.ts";
import { decode } from "./chain.ts";

function limited(written: unknown, store = new FakeStore(), name = "users") {
  const clock = new FakeClock();
  let drawn = 0;
  const random = () => (drawn += 0.01);
  const services = policyServices({ store, clock, random });
  const policy = concurrency.route!.create(decode(concurrency.route, written), services, name)!;
  /** "admitted", or the code of the refusal. */
  const ask = async (exchange: Exchange = openExchange()): Promise<string> => {
    try {
      await policy.request!(exchange);
      return "admitted";
    } catch (error) {
      if (error instanceof GatewayError) return error.code;
      throw error;
    }
  };
  return { clock, store, ask };
}

describe("a limit of several gateways", () => {
  test("takes a place in the store for each request, and gives it back at its end", async () => {
    const { store, ask } = limited(5);
    const exchange = openExchange();
    expect(await ask(exchange)).toBe("admitted");
    const [taken] = store.of("concurrency");
    expect(taken?.parameters.slice(1)).toEqual([5, 30_000]);
    exchange.ended();
    expect(store.of("concurrency, released")).toMatchObject([
      { keys: taken?.keys, parameters: [taken?.parameters[0]] },
    ]);
  });

  test("refuses what the store refuses, and does not count it", async () => {
    const { store, ask } = limited(2);
    store.answer = () => 0;
    for (let turn = 0; turn < 5; turn += 1) {
      const exchange = openExchange();
      expect(await ask(exchange)).toBe("too_many_in_progress");
      exchange.ended();
    }
    expect(store.of("concurrency")).toHaveLength(5);
    expect(store.of("concurrency, released")).toHaveLength(0);
  });

  test("does not ask the store for what this gateway alone has too many of", async () => {
    const { store, ask } = limited(1);
    await ask();
    expect(await ask()).toBe("too_many_in_progress");
    expect(store.runs).toHaveLength(1);
  });

  test("has the same key for the same route and value, and members that nobody else has", async () => {
    const store = new FakeStore();
    const key = { limit: 9, key: "{header.x-tenant}" };
    const of = (tenant: string) => openExchange({ fields: { "x-tenant": tenant } });
    const one = limited(key, store);
    const other = limited({ ...key, limit: 5 }, store);
    await one.ask(of("a"));
    await other.ask(of("a"));
    await one.ask(of("b"));
    await limited(key, store, "orders").ask(of("a"));
    const keys = store.runs.map(({ keys: [name = ""] }) => name);
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
    expect(keys.join(" ")).not.toContain("tenant");
    await one.ask(of("a"));
    const members = [store.runs[0], store.runs.at(-1)].map((run) => run?.parameters[0]);
    expect(members[0]).not.toBe(members[1]);
  });

  test("gives the place of a client back that left while the store was asked", async () => {
    const { store, ask } = limited(1);
    const exchange = openExchange();
    const asked = ask(exchange);
    exchange.ended();
    await asked;
    expect(store.of("concurrency, released")).toHaveLength(1);
    expect(await ask()).toBe("admitted");
  });
});

describe("without the store", () => {
  test.each([
    ["local", "admitted"],
    ["allow", "admitted"],
    ["deny", "limits_unavailable"],
  ] as const)("%s: a request is %s", async (onError, outcome) => {
    const { store, ask } = limited(2, new FakeStore(onError));
    store.isAway = true;
    expect(await ask()).toBe(outcome);
  });

  test("this gateway's own count holds, as it did before", async () => {
    const { store, ask } = limited(2);
    const first = openExchange();
    await ask(first);
    store.isAway = true;
    expect(await ask()).toBe("admitted");
    expect(await ask()).toBe("too_many_in_progress");
    first.ended();
    expect(await ask()).toBe("admitted");
  });

  test("the places are taken by a renewal once it is back", async () => {
    const { clock, store, ask } = limited(2);
    store.isAway = true;
    await ask();
    store.isAway = false;
    clock.advance(10_000);
    expect(store.of("concurrency, renewed")).toHaveLength(1);
  });
});

describe("a lease", () => {
  test("is renewed for as long as its request takes", async () => {
    const { clock, store, ask } = limited(5);
    const exchange = openExchange();
    await ask(exchange);
    const [taken] = store.runs;
    clock.advance(30_000);
    expect(store.of("concurrency, renewed")).toEqual(
      Array.from({ length: 3 }, () => ({
        script: expect.anything() as never,
        keys: taken?.keys ?? [],
        parameters: [30_000, taken?.parameters[0] ?? ""],
      })),
    );
    exchange.ended();
    clock.advance(60_000);
    expect(store.of("concurrency, renewed")).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  test("of a short request costs nothing more", async () => {
    const { clock, store, ask } = limited(5);
    const long = openExchange();
    await ask(long);
    clock.advance(9_000);
    const short = openExchange();
    await ask(short);
    clock.advance(2_000);
    short.ended();
    expect(store.of("concurrency, renewed").map(({ keys }) => keys.length)).toEqual([1]);
    long.ended();
  });

  test("is renewed again when a renewal fails", async () => {
    const { clock, store, ask } = limited(5);
    await ask();
    store.isAway = true;
    clock.advance(10_000);
    await Promise.resolve();
    store.isAway = false;
    clock.advance(10_000);
    expect(store.of("concurrency, renewed")).toHaveLength(1);
  });

  test("of many is renewed by few scripts, each for a bounded number", async () => {
    const { clock, store, ask } = limited(1_000);
    await Promise.all(Array.from({ length: 450 }, () => ask()));
    clock.advance(10_000);
    expect(store.of("concurrency, renewed").map(({ keys }) => keys.length)).toEqual([200, 200, 50]);
  });
});
