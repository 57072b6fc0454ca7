import { describe, expect, test } from "bun:test";
import { cookieValue } from "../../../src/http/cookies.ts";
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
    ["", "a", null],
  ])("in %p by the name %p is %p", (cookies, name, value) => {
    expect(cookieValue(fieldsFrom({ cookie: cookies }), name)).toBe(value);
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
