import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import type { Balancer } from "../../../src/upstream/balancers/balancer.ts";
import { hash } from "../../../src/upstream/balancers/hash.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "../pipeline/opening.ts";
import { letters, pool } from "./pool.ts";
import { seeded } from "./seeded.ts";

const read = (key: string): unknown => Value.Decode(hash.schema!, key);

function balancerOf(key: string, backends: readonly Backend[]): Balancer {
  const balancer = hash.create(read(key), { clock: new FakeClock(), random: seeded(1) });
  balancer.balance(backends);
  return balancer;
}

const tenant = (name: string) => openExchange({ fields: { "x-tenant": name } });
const tenants = Array.from({ length: 20_000 }, (_, index) => tenant(`tenant-${index}`));
const from = (address: string) => openExchange({ client: { peer: address, address } });
const KEY = "{header.x-tenant}";

/** Which backend has each exchange. */
const owners = (balancer: Balancer, exchanges: readonly Exchange[] = tenants) =>
  exchanges.map((exchange) => balancer.pick(exchange)!);

describe("hashing", () => {
  test("sends what has the same key to the same backend", () => {
    const balancer = balancerOf(KEY, pool(1, 1, 1, 1));
    for (const name of ["a", "b", "c"]) {
      expect(balancer.pick(tenant(name))).toBe(balancer.pick(tenant(name)));
    }
  });

  test("sends a key to the same backend in every gateway, whatever the order of the backends", () => {
    const backends = pool(1, 3, 1, 2, 1);
    const reversed = balancerOf(KEY, backends.toReversed());
    expect(owners(balancerOf(KEY, backends))).toEqual(owners(reversed));
    // These must not change with a new version of the gateway or of its runtime.
    const balancer = balancerOf(KEY, pool(1, 1, 1));
    expect(letters(20, mapping(balancer, tenants))).toBe("baaabcaabaaabcbacbab");
  });

  test.each([
    [2, 20_000],
    [5, 20_000],
    [50, 20_000],
  ])("when one of %i leaves, only its keys move, and they spread over all others", (count) => {
    const backends = pool(...Array.from({ length: count }, () => 1));
    const balancer = balancerOf(KEY, backends);
    const before = owners(balancer);
    const [gone, ...left] = backends;
    balancer.balance(left);
    const after = owners(balancer);
    const moved = before.filter((owner, index) => owner !== after[index]);
    expect(moved.every((owner) => owner === gone)).toBe(true);
    // 1/n of the keys, to within four standard deviations.
    const due = tenants.length / count;
    expect(Math.abs(moved.length - due)).toBeLessThan(4 * Math.sqrt(due));
    const heirs = new Map<Backend, number>();
    for (const [index, owner] of before.entries()) {
      if (owner !== gone) continue;
      heirs.set(after[index]!, (heirs.get(after[index]!) ?? 0) + 1);
    }
    const each = due / left.length;
    for (const backend of left) {
      expect(Math.abs((heirs.get(backend) ?? 0) - each)).toBeLessThan(4 * Math.sqrt(each) + 1);
    }
    balancer.balance(backends);
    expect(owners(balancer)).toEqual(before);
  });

  test.each([
    [[1, 1, 1]],
    [[1, 2, 3, 4]],
    [[1_000, 1, 500]],
    [Array.from({ length: 40 }, () => 2)],
  ])(
    "gives backends with weights %j their shares of the keys, to within four standard deviations",
    (weights) => {
      const backends = pool(...weights);
      const counts = new Map<Backend, number>();
      for (const owner of owners(balancerOf(KEY, backends))) {
        counts.set(owner, (counts.get(owner) ?? 0) + 1);
      }
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (const backend of backends) {
        const chance = backend.weight / sum;
        const off = Math.abs((counts.get(backend) ?? 0) - tenants.length * chance);
        expect(off).toBeLessThan(4 * Math.sqrt(tenants.length * chance * (1 - chance)) + 1);
      }
    },
  );

  test("a greater weight takes keys from the others, and moves none among them", () => {
    const backends = pool(1, 1, 1);
    const balancer = balancerOf(KEY, backends);
    const before = owners(balancer);
    const [, b] = backends;
    const heavier = new Backend({ address: b!, weight: 3, health: b!.health });
    balancer.balance(backends.with(1, heavier));
    const moved = owners(balancer).filter((owner, index) => owner !== before[index]);
    expect(moved.every((owner) => owner === heavier)).toBe(true);
  });

  test("tells two backends apart even when the first hashes of their URLs are equal", () => {
    const urls = ["http://10.2.64.205:9000", "http://10.0.110.141:9000"];
    expect(Bun.hash.xxHash32(urls[0]!, 0)).toBe(Bun.hash.xxHash32(urls[1]!, 0));
    const backends = pool(1, 1).map(({ weight, health }, index) => {
      const address = readBackendAddress(urls[index] ?? "");
      return new Backend({ address, weight, health });
    });
    const first = owners(balancerOf(KEY, backends)).filter((owner) => owner === backends[0]);
    expect(Math.abs(first.length - tenants.length / 2)).toBeLessThan(4 * Math.sqrt(5_000));
  });
});

describe("the key of a hash", () => {
  test("client_ip is a client as limits know it: an IPv4 address, or an IPv6 network", () => {
    const balancer = balancerOf("client_ip", pool(1, 1, 1, 1, 1, 1, 1, 1));
    expect(balancer.pick(from("2001:db8::1"))).toBe(balancer.pick(from("2001:db8::2:3:4:5")));
    const spread = Array.from({ length: 100 }, (_, index) => from(`10.0.0.${index}`));
    expect(new Set(owners(balancer, spread)).size).toBe(8);
  });

  test("requests whose placeholders are all empty take turns", () => {
    for (const key of [KEY, "prefix-{header.x-tenant}-{cookie.session}"]) {
      const balancer = balancerOf(key, pool(1, 1, 1));
      expect(letters(6, () => balancer.pick(openExchange()))).toBe("abcabc");
      const except = new Set([balancer.pick(openExchange())!]);
      expect(except).not.toContain(balancer.pick(openExchange(), except)!);
      balancer.balance([]);
      expect(balancer.pick(openExchange())).toBeUndefined();
    }
  });

  test("one value of several is enough for a key", () => {
    const balancer = balancerOf("{header.x-tenant}{cookie.session}", pool(1, 1, 1, 1));
    const exchange = openExchange({ fields: { cookie: "session=abc" } });
    expect(letters(4, () => balancer.pick(exchange))).toMatch(/^(.)\1\1\1$/);
  });

  test.each([
    ["x-tenant", "without a placeholder every request would have the same key"],
    ["ip", "write `client_ip`"],
    ["$remote_addr", "write `client_ip`"],
    ["uri", 'write `"{request.path}"`'],
    ["header.x-tenant", 'write `"{header.x-tenant}"`'],
    ["{backend.url}", "the backend is not known before it is picked"],
    ["{tenant}", "is not a placeholder"],
    ["", "without a placeholder"],
  ])("cannot be %j: %s", (key, message) => {
    expect(() => read(key)).toThrow(message);
  });
});

describe("a hot key", () => {
  test("overflows to others above 1.25 times its backend's share of the requests in flight", () => {
    const backends = pool(1, 1, 1, 1);
    const balancer = balancerOf(KEY, backends);
    const hot = tenant("hot");
    const owner = balancer.pick(hot)!;
    for (let request = 0; request < 400; request += 1) balancer.pick(hot)!.inFlight += 1;
    expect(owner.inFlight).toBe(125);
    const others = backends.filter((backend) => backend !== owner);
    for (const { inFlight } of others) expect(inFlight).toBeLessThanOrEqual(125);
    expect(others.filter(({ inFlight }) => inFlight > 0).length).toBeGreaterThanOrEqual(2);
  });

  test("counts shares by weight", () => {
    const backends = pool(1, 3);
    const balancer = balancerOf(KEY, backends);
    const hot = tenants.find((exchange) => balancer.pick(exchange) === backends[0])!;
    for (let request = 0; request < 400; request += 1) balancer.pick(hot)!.inFlight += 1;
    expect(backends[0]!.inFlight).toBe(125);
  });

  test("stays together while there are few in flight", () => {
    const balancer = balancerOf(KEY, pool(1, 1, 1, 1));
    const hot = tenant("hot");
    const owner = balancer.pick(hot)!;
    for (let request = 0; request < 8; request += 1) {
      expect(balancer.pick(hot)).toBe(owner);
      owner.inFlight += 1;
    }
    expect(balancer.pick(hot)).not.toBe(owner);
  });

  test("returns to its backend afterwards", () => {
    const backends = pool(1, 1, 1);
    const balancer = balancerOf(KEY, backends);
    const hot = tenant("hot");
    const owner = balancer.pick(hot)!;
    owner.inFlight = 50;
    expect(balancer.pick(hot)).not.toBe(owner);
    owner.inFlight = 0;
    expect(balancer.pick(hot)).toBe(owner);
  });

  test("stays where it is if every other backend has been tried", () => {
    const backends = pool(1, 1);
    const balancer = balancerOf(KEY, backends);
    const [a, b] = backends;
    b!.inFlight = 100;
    expect(balancer.pick(tenant("hot"), new Set([a!]))).toBe(b);
  });
});

function mapping(balancer: Balancer, exchanges: readonly Exchange[]): () => Backend | undefined {
  let next = 0;
  return () => balancer.pick(exchanges[next++]!);
}
