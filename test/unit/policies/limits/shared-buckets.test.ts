import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { SharedStore } from "../../../../src/pipeline/shared-store.ts";
import { KeyedBuckets } from "../../../../src/policies/limits/keyed-buckets.ts";
import { type Charge, Limit } from "../../../../src/policies/limits/limit.ts";
import { LocalBuckets } from "../../../../src/policies/limits/local-buckets.ts";
import { rateLimit } from "../../../../src/policies/limits/rate-limit.ts";
import { Room } from "../../../../src/policies/limits/room.ts";
import { SharedBuckets } from "../../../../src/policies/limits/shared-buckets.ts";
import { BucketSize } from "../../../../src/policies/limits/token-bucket.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeStore } from "../../../support/fake-store.ts";
import { policyServices } from "../../../support/policy-services.ts";
import { Chain, decode } from "../chain.ts";

/** Parts of a token, at a token a second. */
const TOKEN = 1_000_000;

function shared(onError?: SharedStore["onError"]) {
  const clock = new FakeClock();
  const store = new FakeStore(onError);
  store.answer = ({ keys }) => [1, ...keys.map(() => 0)];
  const buckets = new SharedBuckets(store, clock, new LocalBuckets(clock));
  return { clock, store, buckets };
}

function limit(id: string, of: { burst?: number; cost?: number; maxDelay?: number } = {}): Limit {
  const { burst = 10, ...rest } = of;
  const services = { random: () => 0.5, room: new Room(0) };
  const local = new KeyedBuckets(new BucketSize(1, burst), services);
  return new Limit({ name: id, id, local, ...rest });
}

function charge(of: Limit, key = ""): Charge {
  return { limit: of, key };
}

describe("charges at a store", () => {
  test("are decided together, in one script", async () => {
    const { store, buckets } = shared();
    store.answer = () => [1, 9 * TOKEN, 2 * TOKEN];
    const charges = [charge(limit("a")), charge(limit("b", { burst: 5, cost: 3 }), "joe")];
    const decision = await buckets.decide(charges);
    expect(store.runs).toHaveLength(1);
    expect(store.runs[0]?.parameters).toEqual(
      [10 * TOKEN, 1, TOKEN, 0, 5 * TOKEN, 1, 3 * TOKEN, 0].map(String),
    );
    expect(decision.admitted).toBe(true);
    expect(decision.items).toBe('"a";r=9;t=1, "b";r=0;t=1');
  });

  test("have keys that differ by limit and by what is counted, and tell nothing of it", async () => {
    const { store, buckets } = shared();
    const [one, other] = [limit("a"), limit("b")];
    for (const made of [
      charge(one, "secret"),
      charge(other, "secret"),
      charge(one),
      charge(one, "x"),
    ]) {
      await buckets.decide([made]);
    }
    const keys = store.runs.map(({ keys: [key = ""] }) => key);
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^rate:[\w-]{22}$/);
  });

  test("are the same for all gateways with the same limit", async () => {
    const [one, other] = [shared(), shared()];
    await one.buckets.decide([charge(limit("a"), "joe")]);
    await other.buckets.decide([charge(limit("a"), "joe")]);
    expect(other.store.runs[0]?.keys).toEqual(one.store.runs[0]!.keys);
  });

  test("say which limit refused, and when to come back", async () => {
    const { store, buckets } = shared();
    store.answer = () => [0, 4 * TOKEN, TOKEN / 2];
    const charges = [charge(limit("a")), charge(limit("b", { cost: 3 }))];
    const decision = await buckets.decide(charges);
    expect(decision.admitted).toBe(false);
    expect(decision.states.map(({ fits }) => fits)).toEqual([true, false]);
    expect(decision.states[1]?.secondsToFit).toBe(3);
  });

  test("are given back in one script, and the levels with them", async () => {
    const { store, buckets } = shared();
    store.answer = () => [1, 9 * TOKEN, 2 * TOKEN];
    const charges = [charge(limit("a")), charge(limit("b", { burst: 5, cost: 3 }), "joe")];
    const decision = await buckets.decide(charges);
    decision.giveBack();
    expect(store.runs[1]).toMatchObject({
      keys: store.runs[0]!.keys,
      parameters: [10 * TOKEN, TOKEN, 5 * TOKEN, 3 * TOKEN],
    });
    expect(decision.items).toBe('"a";r=10;t=1, "b";r=1;t=1');
  });

  test("that are given back while the store is away harm nobody", async () => {
    const { store, buckets } = shared();
    store.answer = () => [1, 9 * TOKEN];
    const decision = await buckets.decide([charge(limit("a"))]);
    store.isAway = true;
    expect(() => decision.giveBack()).not.toThrow();
  });
});

describe("a wait for tokens of a store", () => {
  test("is as long as the emptiest bucket takes", async () => {
    const { clock, store, buckets } = shared();
    store.answer = () => [1, -TOKEN, -2.5 * TOKEN, 5 * TOKEN];
    const slow = { maxDelay: 4_000 };
    const charges = ["a", "b", "c"].map((id) => charge(limit(id, slow)));
    const { delay } = await buckets.decide(charges);
    expect(store.runs[0]?.parameters.slice(0, 4)).toEqual(
      [10 * TOKEN, 1, TOKEN, 4 * TOKEN].map(String),
    );
    let isOver = false;
    delay?.begin(() => (isOver = true));
    clock.advance(2_499);
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(isOver).toBe(true);
  });

  test("ends when its tokens are given back", async () => {
    const { clock, store, buckets } = shared();
    store.answer = () => [1, -TOKEN];
    const decision = await buckets.decide([charge(limit("a", { maxDelay: 4_000 }))]);
    decision.delay?.begin(() => {
      throw new Error("nobody waits any more");
    });
    decision.giveBack();
    clock.advance(10_000);
    expect(store.runs).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test("is none if all tokens are there", async () => {
    const { buckets } = shared();
    const { delay } = await buckets.decide([charge(limit("a", { maxDelay: 4_000 }))]);
    expect(delay).toBeUndefined();
  });
});

describe("without the store", () => {
  test("local: each gateway counts for itself", async () => {
    const { store, buckets } = shared("local");
    store.isAway = true;
    const one = limit("a", { burst: 2 });
    const admitted = [];
    for (let turn = 0; turn < 3; turn += 1) {
      admitted.push((await buckets.decide([charge(one)])).admitted);
    }
    expect(admitted).toEqual([true, true, false]);
  });

  test("allow: everything is admitted, as if it were the first", async () => {
    const { store, buckets } = shared("allow");
    store.isAway = true;
    const one = limit("a", { burst: 1 });
    for (let turn = 0; turn < 3; turn += 1) {
      const decision = await buckets.decide([charge(one)]);
      expect(decision.admitted).toBe(true);
      expect(decision.items).toBe('"a";r=0;t=1');
      decision.giveBack();
    }
  });

  test("deny: what is limited is refused with 503", async () => {
    const { store, buckets } = shared("deny");
    store.isAway = true;
    const refusal = await Promise.resolve(buckets.decide([charge(limit("a"))])).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(GatewayError);
    expect(refusal).toMatchObject({
      code: "limits_unavailable",
      status: 503,
      fields: { "retry-after": "1" },
    });
  });
});

test("a route's limit asks the store once for each request, and reports what it answers", async () => {
  const store = new FakeStore();
  const services = policyServices({ store });
  const written = decode(rateLimit.route, [
    { rate: 1, burst: 5 },
    { rate: 1, burst: 9, key: "client_ip" },
  ]);
  const policy = rateLimit.route!.create(written, services, "users");
  const chain = new Chain([policy]);
  store.answer = () => [1, 4 * TOKEN, 8 * TOKEN];
  const answer = await chain.send();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("ratelimit")).toBe('"users";r=4;t=1, "users#2";r=8;t=1');
  store.answer = () => [0, 4 * TOKEN, 0];
  const refused = await chain.send();
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(store.runs).toHaveLength(2);
});
