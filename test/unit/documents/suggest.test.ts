import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { homeOf } from "../../../src/documents/reading/suggest.ts";
import { closest } from "../../../src/units/closest.ts";

describe("the closest name", () => {
  const names = ["path", "port", "host", "backends", "rate_limit", "rate_limiting", "max_age"];

  test.each([
    ["pth", "path"],
    ["prot", "port"],
    ["hsot", "host"],
    ["backend", "backends"],
    ["rate-limit", "rate_limit"],
    ["rateLimiting", "rate_limiting"],
    ["MaxAge", "max_age"],
    ["PORT", "port"],
  ])("to %s is %s", (written, name) => {
    expect(closest(written, names)).toBe(name);
  });

  test.each(["", "zone", "pa", "burst", "__proto__"])("to %j is none", (written) => {
    expect(closest(written, names)).toBeUndefined();
  });
});

describe("the home of a key", () => {
  const number = Type.Number();
  const schema = Type.Object({
    top: number,
    a: Type.Object({ x: number, deep: Type.Object({ y: number }) }),
    b: Type.Array(Type.Union([number, Type.Object({ z: number, x: number })])),
  });

  test.each([
    ["top", ["a", "deep"], "at the top level"],
    ["y", [], "under `a.deep`"],
    ["y", ["a"], "under `deep`"],
    ["z", ["a"], "under `b`"],
    ["x", ["a", "deep"], "under `a`"],
  ])("%s written below %j is named from there", (key, trail, home) => {
    expect(homeOf(key, trail, schema)).toBe(home);
  });

  test("is not named when there is none, or when several are equally near", () => {
    expect(homeOf("nothing", [], schema)).toBeUndefined();
    expect(homeOf("x", [], schema)).toBeUndefined();
  });
});
