import { describe, expect, test } from "bun:test";
import { Expression } from "../../../../src/routing/conditions/expression.ts";

test("an expression is found anywhere, and only there if it is anchored", () => {
  expect(new Expression("b+").test("abbc")).toBeTrue();
  expect(new Expression("^b+$").test("abbc")).toBeFalse();
  expect(new Expression("^(?:beta|canary)$").test("canary")).toBeTrue();
});

test.each([
  ["a(?=b)", "; look-around and back-references cannot be matched in linear time"],
  ["a(?<!b)c", "; look-around and back-references cannot be matched in linear time"],
  ["(a)\\1", "; look-around and back-references cannot be matched in linear time"],
  ["(a", "not a regular expression: missing closing ): `(a`"],
  ["*a", "not a regular expression: missing argument to repetition operator: `*`"],
  ["(a{1,300}){1,3}", "the regular expression is too large"],
  ["(a{1,300}){1,30}", "invalid repeat count"],
  ["(a|b)*a(a|b){200}c", "the regular expression is too large"],
])("%s is refused", (source, message) => {
  expect(() => new Expression(source)).toThrow(message);
});

describe("no value costs more than its length", () => {
  // A backtracking matcher takes ages for any of these; the test would time out.
  test.each(["(a+)+$", "(a|aa)+$", "(.*)*c", "(?:a?){60}a{60}c", "^(a|b|ab)*c$", "(\\w+\\s?)+!$"])(
    "with %s",
    (source) => {
      const expression = new Expression(source);
      expect(expression.test(`${"a".repeat(8_000)}!?`)).toBeFalse();
      expect(expression.test("ab".repeat(4_000))).toBeFalse();
    },
  );

  test("and none is matched beyond 8192 characters", () => {
    const expression = new Expression("^a");
    expect(expression.test("a".repeat(8_192))).toBeTrue();
    expect(expression.test("a".repeat(8_193))).toBeFalse();
  });
});
