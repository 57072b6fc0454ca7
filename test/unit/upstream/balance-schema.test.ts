import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { defineBalancer } from "../../../src/upstream/balancers/balancer.ts";
import { RoundRobin, roundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { balanceSchema, createBalancer } from "../../../src/upstream/balancers/schema.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const given: unknown[] = [];

const hash = defineBalancer({
  name: "hash",
  description: "by a key",
  schema: Type.String({ minLength: 1 }),
  example: "client_ip",
  create(settings) {
    given.push(settings);
    return new RoundRobin();
  },
});

const fastest = defineBalancer({
  name: "fastest",
  description: "to the fastest",
  schema: Type.Object(
    { decay: Type.Integer({ default: 10 }) },
    { default: {}, additionalProperties: false },
  ),
  example: {},
  create(settings) {
    given.push(settings.decay);
    return new RoundRobin();
  },
});

const registry = [roundRobin, hash, fastest];
const schema = balanceSchema(registry);
const read = (written: unknown) => Value.Decode(schema, Value.Default(schema, written));

describe("`balance`", () => {
  test("is round robin unless it says otherwise", () => {
    expect(read(undefined)).toEqual({ name: "round_robin", settings: undefined });
    expect(read("round_robin")).toEqual({ name: "round_robin", settings: undefined });
  });

  test("is a name with settings where the balancer has some", () => {
    expect(read({ hash: "client_ip" })).toEqual({ name: "hash", settings: "client_ip" });
    expect(read({ fastest: { decay: 5 } })).toEqual({ name: "fastest", settings: { decay: 5 } });
  });

  test("is a name alone where the settings have defaults", () => {
    expect(read("fastest")).toEqual({ name: "fastest", settings: { decay: 10 } });
  });

  test.each(["hash", "random", { random: {} }, { hash: "" }, {}, { hash: "a", fastest: {} }, 5])(
    "cannot be %j",
    (written) => {
      expect(() => read(written)).toThrow();
    },
  );

  test("says what it takes", () => {
    expect(schema.description).toContain("`hash`: by a key. `fastest`: to the fastest.");
    expect(schema["expected"]).toBe("round_robin, {hash: …} or fastest");
    expect(balanceSchema([roundRobin])["expected"]).toBe("round_robin");
  });

  test.each([
    ["Least_Conn", "write `least_requests`"],
    ["least-connections", "write `least_requests`"],
    ["wrr", "write `round_robin`"],
    ["peak_ewma", "write `fastest`"],
    ["p2c", "write `fastest`"],
    ["ip_hash", "write `{ hash: client_ip }`"],
    ["maglev", 'write `{ hash: "{header.x-tenant}" }`'],
    ["uri", 'write `{ hash: "{request.path}" }`'],
    ["hash", 'write `{ hash: "client_ip" }`'],
    ["best", undefined],
  ])("says what to write instead of %s", (written, advice) => {
    const adviceFor = schema["advice"] as (written: string) => string | undefined;
    expect(adviceFor(written)).toBe(advice);
  });

  test("is written back as it would be read", () => {
    for (const written of ["round_robin", { hash: "client_ip" }, { fastest: { decay: 5 } }]) {
      expect(Value.Encode(schema, read(written))).toEqual(written);
    }
  });

  test("makes the balancer with its settings", () => {
    const services = { clock: new FakeClock(), random: () => 0.5 };
    createBalancer(registry, read({ hash: "client_ip" }), services);
    createBalancer(registry, read("fastest"), services);
    expect(given).toEqual(["client_ip", 10]);
    expect(createBalancer(registry, read("round_robin"), services)).toBeInstanceOf(RoundRobin);
    expect(() => createBalancer([], read("round_robin"), services)).toThrow("round_robin");
  });
});
