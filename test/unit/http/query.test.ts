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
});
