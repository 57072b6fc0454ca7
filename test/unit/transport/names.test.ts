import { describe, expect, test } from "bun:test";
import { Names, type Resolver, systemResolver } from "../../../src/transport/names.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { rejection, turn } from "../proxy/network.ts";

/** A resolver whose results a test sets, and that counts its calls. */
function scriptedResolver(first: readonly string[], lifetime?: number) {
  const state = { answer: first as readonly string[] | Error, lifetime, asked: 0 };
  const resolver: Resolver = {
    async addresses() {
      state.asked += 1;
      if (state.answer instanceof Error) throw state.answer;
      return state.answer;
    },
    lifetime: async () => state.lifetime,
  };
  return { state, resolver };
}

function startNames(first: readonly string[], lifetime?: number) {
  const clock = new FakeClock();
  const { state, resolver } = scriptedResolver(first, lifetime);
  const names = new Names(clock, resolver);
  return { clock, state, names, name: names.of("backend.test") };
}

describe("the addresses of a name", () => {
  test("are looked up once for all who ask meanwhile, and known for 30 s", async () => {
    const { clock, state, names, name } = startNames(["192.0.2.1"]);
    expect(await Promise.all([name.addresses(), name.addresses()])).toEqual([
      ["192.0.2.1"],
      ["192.0.2.1"],
    ]);
    clock.advance(29_999);
    expect(names.of("backend.test").addresses()).toEqual(["192.0.2.1"]);
    expect(state.asked).toBe(1);
    clock.advance(1);
    expect(await name.addresses()).toEqual(["192.0.2.1"]);
    expect(state.asked).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test.each([
    [12_000, 12_000],
    [0, 5_000],
    [3_600_000, 30_000],
    [undefined, 30_000],
  ])("with a lifetime of %p ms are looked up again after %p", async (lifetime, expected) => {
    const { clock, state, name } = startNames(["192.0.2.1"], lifetime);
    name.watch(() => {});
    await name.addresses();
    await turn();
    clock.advance(expected - 1);
    expect(state.asked).toBe(1);
    clock.advance(1);
    expect(state.asked).toBe(2);
  });

  test("are looked up while they are watched, and nobody waits for that", async () => {
    const { clock, state, name } = startNames(["192.0.2.1"]);
    const seen: (readonly string[])[] = [];
    const watcher = (addresses: readonly string[]) => void seen.push(addresses);
    name.watch(watcher);
    await name.addresses();
    state.answer = ["192.0.2.2"];
    clock.advance(30_000);
    expect(name.addresses()).toEqual(["192.0.2.1"]);
    await turn();
    expect(name.addresses()).toEqual(["192.0.2.2"]);
    expect(seen).toEqual([["192.0.2.1"], ["192.0.2.2"]]);
    expect(name.has("192.0.2.1")).toBe(false);
    name.unwatch(watcher);
    expect(clock.pending).toBe(0);
  });

  test("stay what they were while nobody can look them up", async () => {
    const { clock, state, name } = startNames(["192.0.2.1"]);
    name.watch(() => {});
    await name.addresses();
    state.answer = new Error("no name server answers");
    clock.advance(30_000);
    await turn();
    expect(name.addresses()).toEqual(["192.0.2.1"]);
    state.answer = ["192.0.2.2"];
    clock.advance(5_000);
    await turn();
    expect(name.addresses()).toEqual(["192.0.2.2"]);
  });

  test("of long ago are not used when somebody watches again", async () => {
    const { clock, state, name } = startNames(["192.0.2.1"]);
    await name.addresses();
    clock.advance(3_600_000);
    state.answer = ["192.0.2.2"];
    name.watch(() => {});
    expect(await name.addresses()).toEqual(["192.0.2.2"]);
  });

  test("that could not be connected to come last until the next look-up", async () => {
    const { clock, name } = startNames(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    await name.addresses();
    name.failedAt("192.0.2.1");
    expect(name.addresses()).toEqual(["192.0.2.2", "192.0.2.3", "192.0.2.1"]);
    clock.advance(1_000);
    await name.lookUp();
    expect(name.addresses()).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
  });

  test("alternate between the families, beginning with that of the first one", async () => {
    const { name } = startNames(["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"]);
    expect(await name.addresses()).toEqual([
      "2001:db8::1",
      "192.0.2.1",
      "2001:db8::2",
      "2001:db8::3",
    ]);
    const other = startNames(["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    expect(await other.name.addresses()).toEqual(["192.0.2.1", "2001:db8::1", "192.0.2.2"]);
  });

  test("are looked up once a second, however many connections fail", async () => {
    const { clock, state, name } = startNames(["192.0.2.1"]);
    await name.addresses();
    for (let failures = 0; failures < 10; failures += 1) await name.lookUp();
    expect(state.asked).toBe(1);
    clock.advance(1_000);
    for (let failures = 0; failures < 10; failures += 1) await name.lookUp();
    expect(state.asked).toBe(2);
  });

  test("that are missing are reported each time", async () => {
    const { state, name } = startNames([]);
    const failure = new Error("no such name");
    state.answer = failure;
    expect(await rejection(name.addresses())).toBe(failure);
    state.answer = ["192.0.2.1"];
    expect(await name.addresses()).toEqual(["192.0.2.1"]);
  });
});

/** A label may have 63 characters, so no lookup is needed. */
const IMPOSSIBLE = `${"x".repeat(64)}.test`;

describe("the system's resolver", () => {
  test.each(["localhost", "LOCALHOST.", "app.localhost"])(
    "knows both addresses of %s",
    async (name) => {
      const addresses = await systemResolver.addresses(name);
      expect(addresses.toSorted()).toEqual(["127.0.0.1", "::1"]);
    },
  );

  test("rejects for a name that cannot exist, and knows no lifetime of it", async () => {
    expect(await rejection(systemResolver.addresses(IMPOSSIBLE))).toBeInstanceOf(Error);
    expect(await systemResolver.lifetime(IMPOSSIBLE)).toBeUndefined();
  });
});
