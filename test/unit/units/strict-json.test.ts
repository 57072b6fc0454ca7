import { describe, expect, test } from "bun:test";
import { JsonProblem, parseStrictJson } from "../../../src/units/strict-json.ts";

test.each([
  '{"a":1,"b":{"a":[1,{"a":2}]},"c":"{\\"a\\":1,\\"a\\":2}"}',
  '[{"a":1},{"a":1}]',
  '"a"',
  " [ ] ",
  '{"a":"b","b":"a:","":""}',
  '{"a\\\\":1,"a":2}',
])("%s is what it is", (text) => {
  expect(parseStrictJson(text, 5)).toEqual(JSON.parse(text));
});

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"b":{"x":1,"y":[],"x":{}}}',
  '[[{"a" : 1,"b":2,\n"a"\t:1}]]',
])("%s has a name twice", (text) => {
  expect(() => parseStrictJson(text, 5)).toThrow(new JsonProblem("has two members of one name"));
});

describe("depth", () => {
  test("is counted in levels", () => {
    expect(parseStrictJson("[[[]]]", 3)).toEqual([[[]]]);
    expect(() => parseStrictJson('[[{"a":[]}]]', 3)).toThrow("is nested more than 3 levels deep");
  });

  test("is not that of brackets in text", () => {
    expect(parseStrictJson('["[[[[", "\\"[[["]', 1)).toEqual(["[[[[", '"[[[']);
  });

  test("is found before anything is parsed", () => {
    expect(() => parseStrictJson("[".repeat(1_000_000), 32)).toThrow(JsonProblem);
  });
});

test.each([
  "",
  "{",
  '{"a":1}}',
  '{"a"',
  '{"a',
  "{a:1}",
  "[1,]",
  "nul",
  '"\\x"',
  '{"\\x":1,"\\x":1}',
  "][",
])("%p is not JSON", (text) => {
  expect(() => parseStrictJson(text, 5)).toThrow("is not JSON");
});
