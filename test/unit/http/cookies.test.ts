import { describe, expect, test } from "bun:test";
import { cookieValue, withoutCookie } from "../../../src/http/cookies.ts";
import { fieldsFrom } from "../../support/client-request.ts";

describe("a cookie", () => {
  test.each([
    ["a=1; b=2", "b", "2"],
    ["a=1;b=2", "b", "2"],
    ["a=1; a=2", "a", "1"],
    ["a=b=c", "a", "b=c"],
    ['a="1"', "a", '"1"'],
    ["A=1", "a", null],
    ["xa=1", "a", null],
    ["a", "a", null],
    ["a; a=1", "a", "1"],
    ["x; y=1; z; a=2", "a", "2"],
    ["y=1; z; a", "a", null],
    ["", "a", null],
    ["a=\xC3\xA0; b=1", "a", "\xC3\xA0"],
  ])("in %p by the name %p is %p", (cookies, name, value) => {
    expect(cookieValue(fieldsFrom({ cookie: cookies }), name)).toBe(value);
  });

  test("is found in time that is proportional to the length", () => {
    // Otherwise this takes minutes.
    const find = (cookie: string) => cookieValue(fieldsFrom({ cookie }), "a");
    expect(find(";".repeat(2_000_000))).toBeNull();
    expect(find(`${"b;".repeat(500_000)}a=1`)).toBe("1");
  });

  test("is found in any of several fields, as HTTP/2 sends them", () => {
    const fields = fieldsFrom([
      ["cookie", "a=1"],
      ["x", "b=3"],
      ["cookie", "b=2"],
    ]);
    expect(cookieValue(fields, "b")).toBe("2");
  });
});

describe("a Cookie field without one of its cookies", () => {
  test.each([
    ["a=1; b=2; c=3", "b", "a=1; c=3"],
    ["b=2", "b", ""],
    ["b=1;b=2 ;a=b=3;;", "b", "a=b=3"],
    ["ab=1; B=2; b", "b", "ab=1; B=2; b"],
  ])("%p without %p is %p", (cookies, name, left) => {
    expect(withoutCookie(cookies, name)).toBe(left);
  });
});
