import { describe, expect, test } from "bun:test";
import { queryParameter } from "../../../src/http/query.ts";

describe("a parameter of a query", () => {
  test.each([
    ["?a=1&b=2", "b", "2"],
    ["a=1&b=2", "a", "1"],
    ["?a=1&a=2", "a", "1"],
    ["?a", "a", ""],
    ["?a=", "a", ""],
    ["?a=b=c", "a", "b=c"],
    ["?&&a=1", "a", "1"],
    ["?ab=1", "a", null],
    ["?=1", "", "1"],
    ["", "a", null],
    ["?", "a", null],
    ["?x=a=1", "a", null],
    ["?x&y=1&z&a=2", "a", "2"],
    ["?x=1&y&a", "a", ""],
    ["?a=x+y%20z", "a", "x y z"],
    ["?a%20b=1", "a b", "1"],
    ["?a+b=1", "a b", "1"],
    ["?a=100%", "a", "100%"],
    ["?a=%zz%41", "a", "%zzA"],
    ["?a=%2541", "a", "%41"],
    ["?a=%C3%BC", "a", "\u00C3\u00BC"],
  ])("of %p by the name %p is %p", (query, name, value) => {
    expect(queryParameter(query, name)).toBe(value);
  });

  test("is found in time that is proportional to the length", () => {
    // Otherwise this takes minutes.
    expect(queryParameter("&".repeat(2_000_000), "a")).toBeNull();
    expect(queryParameter(`${"b&".repeat(500_000)}a=1`, "a")).toBe("1");
  });
});
