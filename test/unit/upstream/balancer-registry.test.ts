import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import type { Backend } from "../../../src/upstream/backend.ts";
import type { Balancer, BalancerDefinition } from "../../../src/upstream/balancers/balancer.ts";
import { balancerRegistry } from "../../../src/upstream/balancers/registry.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "../pipeline/opening.ts";
import { pool } from "./pool.ts";
import { seeded } from "./seeded.ts";

function make(kind: BalancerDefinition): Balancer {
  const { schema, example } = kind;
  const settings =
    schema === undefined ? undefined : Value.Decode(schema, Value.Default(schema, example));
  return kind.create(settings, { clock: new FakeClock(), random: seeded(1) });
}

/** Exchanges of many clients, so that a balancer that hashes them spreads them as well. */
const exchanges = Array.from({ length: 3_000 }, (_, index) => {
  const address = `10.0.${index >> 8}.${index & 255}`;
  return openExchange({
    url: `http://gateway.test/things/${index}`,
    fields: { "x-tenant": `t${index}` },
    client: { peer: address, address },
  });
});

describe.each(balancerRegistry.map((kind) => [kind.name, kind] as const))("%s", (_name, kind) => {
  test("has a name that can stand in a file, and an example if it has settings", () => {
    expect(kind.name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(kind.example !== undefined).toBe(kind.schema !== undefined);
  });

  test("picks nothing when it has been given no backend", () => {
    const balancer = make(kind);
    expect(balancer.pick(exchanges[0]!)).toBeUndefined();
    balancer.balance([]);
    expect(balancer.pick(exchanges[0]!)).toBeUndefined();
    expect(balancer.pick(exchanges[0]!, new Set(pool(1)))).toBeUndefined();
  });

  test("picks none but the backends that are healthy now", () => {
    const backends = pool(3, 1, 2, 1);
    const balancer = make(kind);
    for (const healthy of [backends, backends.slice(1, 3), [backends[3]!], backends.slice(0, 2)]) {
      balancer.balance(healthy);
      for (const exchange of exchanges.slice(0, 50)) {
        expect(healthy).toContain(balancer.pick(exchange)!);
      }
    }
  });

  test("never picks an excluded backend, and one of the others for as long as there are any", () => {
    const backends = pool(5, 1, 2);
    const balancer = make(kind);
    balancer.balance(backends);
    for (const exchange of exchanges.slice(0, 50)) {
      const except = new Set<Backend>([balancer.pick(exchange)!]);
      for (let left = backends.length - 1; left > 0; left -= 1) {
        const picked = balancer.pick(exchange, except)!;
        expect(backends).toContain(picked);
        expect(except).not.toContain(picked);
        except.add(picked);
      }
      expect(balancer.pick(exchange, except)).toBeUndefined();
    }
  });

  test("gives each backend its weight's share of idle requests, to within a fifth of it", () => {
    const backends = pool(1, 2, 3);
    const balancer = make(kind);
    balancer.balance(backends);
    const counts = new Map(backends.map((backend) => [backend, 0]));
    for (const exchange of exchanges) {
      const picked = balancer.pick(exchange)!;
      counts.set(picked, counts.get(picked)! + 1);
    }
    for (const backend of backends) {
      const due = (exchanges.length * backend.weight) / 6;
      expect(Math.abs(counts.get(backend)! - due)).toBeLessThanOrEqual(due / 5);
    }
  });
});

test("no two balancers have the same name", () => {
  const names = balancerRegistry.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
