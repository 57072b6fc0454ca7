import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { type BackendConfig, checkBackendUrl } from "../../../src/upstream/backend-schema.ts";
import { discoveryRegistry } from "../../../src/upstream/discovery/registry.ts";
import { staticList } from "../../../src/upstream/discovery/static.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { settled } from "./checked-world.ts";

describe.each(discoveryRegistry.map((kind) => [kind.key, kind] as const))("%s", (_key, kind) => {
  /** A source made of its example, and the reports that it has made. */
  function open() {
    const clock = new FakeClock();
    const { schema, example } = kind;
    const source = kind.create(Value.Decode(schema, Value.Default(schema, example)), {
      clock,
      random: () => 0.5,
      log: () => {},
    });
    const reports: (readonly BackendConfig[])[] = [];
    source.open((backends) => void reports.push(backends));
    return { clock, source, reports };
  }

  test("has a key that can stand in a file, and an example that its schema takes", () => {
    expect(kind.key).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(Value.Check(kind.schema, Value.Default(kind.schema, kind.example))).toBe(true);
  });

  test("reports addresses that backends can have", async () => {
    const { clock, source, reports } = open();
    await settled();
    clock.advance(60_000);
    await settled();
    source.close();
    for (const { url, weight } of reports.flat()) {
      expect(checkBackendUrl(url)).toBeUndefined();
      expect(weight).toBeInteger();
    }
  });

  test("closes what it opened, and reports nothing afterwards", async () => {
    const { clock, source, reports } = open();
    source.close();
    const before = reports.length;
    expect(clock.pending).toBe(0);
    await settled();
    clock.advance(60_000);
    await settled();
    expect(reports.length).toBe(before);
    expect(clock.pending).toBe(0);
  });
});

test("no two sources have the same key, and the list in the configuration is the first", () => {
  const keys = discoveryRegistry.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(discoveryRegistry[0]).toBe(staticList);
});
