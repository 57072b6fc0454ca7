import { describe, expect, test } from "bun:test";
import { editJson } from "../../../../../src/policies/transform/json/edit.ts";
import { planOf } from "../../../../../src/policies/transform/json/plan.ts";
import { edited, editsOf } from "./edits.ts";

describe("what is not edited", () => {
  test("keeps its numbers, escapes, blanks and order", () => {
    const rest =
      '"n": [1.0, -0, 1e400, 12345678901234567890.10], "s": "\\u00e9\\/é\\ud800", "10": 1, "2":2,\t"__proto__" : {"x":1}';
    expect(edited(`{ ${rest}, "a": 1 }\n`, { remove: ["a"] })).toBe(`{ ${rest} }\n`);
    expect(edited(`{ "a": 1, ${rest} }`, { set: { a: 2 } })).toBe(`{ "a": 2, ${rest} }`);
    expect(edited(`{ ${rest} }`, { set: { z: 1 } })).toBe(`{ ${rest},"z":1 }`);
    expect(edited(`{ "a": 1, ${rest} }`, { rename: { a: "b" } })).toBe(`{ "b": 1, ${rest} }`);
  });

  test("keeps a byte order mark and names that repeat", () => {
    expect(edited('\u{FEFF}{"b":1,"a":1,"b":2}', { remove: ["a"] })).toBe('\u{FEFF}{"b":1,"b":2}');
  });

  test("is not copied if there is nothing to do", () => {
    const content = Buffer.from('{"a":{"b":1},"c":[1]}');
    const edits = editsOf({ remove: ["a.x", "c.1", "c.*.x", "y"], rename: { "a.z": "q" } });
    expect(editJson(content, edits, null)).toBeUndefined();
  });
});

describe("removing", () => {
  test.each([
    ['{"a":1,"b":2,"c":3}', ["a"], '{"b":2,"c":3}'],
    ['{"a":1,"b":2,"c":3}', ["b"], '{"a":1,"c":3}'],
    ['{"a":1,"b":2,"c":3}', ["c"], '{"a":1,"b":2}'],
    ['{"a":1,"b":2,"c":3}', ["a", "b"], '{"c":3}'],
    ['{"a":1,"b":2,"c":3}', ["c", "b", "a"], "{}"],
    ['{ "a": 1,\n  "b": 2\n}', ["a"], '{ "b": 2\n}'],
    ['{ "a": 1,\n  "b": 2\n}', ["b"], '{ "a": 1\n}'],
    ["[1,2,3]", ["0", "2"], "[2]"],
    ["[1,2,3]", ["*"], "[]"],
    ['[{"a":1,"b":2},{"a":3},[{"a":4}],5]', ["*.a"], '[{"b":2},{},[{"a":4}],5]'],
    ['{"a":{"b":{"c":1,"d":2}}}', ["a.b.c"], '{"a":{"b":{"d":2}}}'],
    ['{"a":1,"\\u0061":2,"A":3}', ["a"], '{"A":3}'],
    ['{"a.b":1,"a":{"b":2}}', ["a\\.b"], '{"a":{"b":2}}'],
    ['{"a":{"0":1,"1":2}}', ["a.0"], '{"a":{"1":2}}'],
    ['{"*":1,"a":2}', ["\\*"], '{"a":2}'],
    ['{"__proto__":1,"constructor":2,"a":3}', ["__proto__", "constructor"], '{"a":3}'],
  ])("from %s: %j", (text, remove, expected) => {
    expect(edited(text, { remove })).toBe(expected);
  });
});

test("names and values may be long, and beyond ASCII", () => {
  const long = "n".repeat(100);
  const value = "ä".repeat(100);
  const text = `{"${long}":1,"größe":2,"b":"${value}","c":3}`;
  expect(edited(text, { remove: [long, "größe", "c"] })).toBe(`{"b":"${value}"}`);
  expect(edited(text, { remove: ["b"], set: { größe: value } })).toBe(
    `{"${long}":1,"größe":"${value}","c":3}`,
  );
});

describe("renaming", () => {
  test.each([
    ['{"a": 1,"c":2}', { a: "b" }, '{"b": 1,"c":2}'],
    ['{"user":{"name":"x"}}', { user: "person", "user.name": "full" }, '{"person":{"full":"x"}}'],
    ['[{"a":1},{"a":2}]', { "*.a": "b" }, '[{"b":1},{"b":2}]'],
    // One that has the name already gives way, wherever it stands.
    ['{"b":1,"a":2,"b":3}', { a: "b" }, '{"b":2}'],
    ['{"b":1}', { a: "b" }, '{"b":1}'],
    ['{"a":1,"b":2}', { a: "b", b: "a" }, '{"b":1,"a":2}'],
    ['{"a":1}', { a: 'quo"te' }, '{"quo\\"te":1}'],
  ])("in %s: %j", (text, rename, expected) => {
    expect(edited(text, { rename })).toBe(expected);
  });
});

describe("setting", () => {
  test.each([
    ['{"a":1,"b":2}', { a: "x" }, '{"a":"x","b":2}'],
    ["{}", { a: null, b: [1, { c: true }] }, '{"a":null,"b":[1,{"c":true}]}'],
    ["{ }", { a: 1 }, '{"a":1 }'],
    ['{"a":{"b":1}}', { "a.c.d": 2 }, '{"a":{"b":1,"c":{"d":2}}}'],
    ["{}", { "a.b": 1, "a.c": 2 }, '{"a":{"b":1,"c":2}}'],
    // Of two members with one name a backend could read either.
    ['{"a":1,"b":2,"a":3,"\\u0061":4}', { a: 0 }, '{"a":0,"b":2}'],
    ['{"a":{},"a":{"b":1}}', { "a.b": 0 }, '{"a":{"b":0},"a":{"b":0}}'],
    // What stands in the way gives way, except for a list.
    ['{"a":null}', { "a.b": 1 }, '{"a":{"b":1}}'],
    ['{"a":"text"}', { "a.b": 1 }, '{"a":{"b":1}}'],
    ['{"a":[1]}', { "a.b": 1 }, '{"a":[1]}'],
    ['[{"a":1},{},[]]', { "*.a": 2 }, '[{"a":2},{"a":2},[]]'],
    ["[1,2]", { "1": "x", "2": "y" }, '[1,"x"]'],
    ['[{"a":1},{"a":2}]', { "*.a": 0, "1.b": 1 }, '[{"a":0},{"a":0,"b":1}]'],
    ['{"0":1}', { "0": 2 }, '{"0":2}'],
    // Lists are never made, nor objects that would be instead.
    ["{}", { "a.0": 1, "b.*.c": 2 }, "{}"],
    ["{}", { ["__proto__"]: 1, "a.__proto__": 2 }, '{"__proto__":1,"a":{"__proto__":2}}'],
    ['"text"', { a: 1 }, '"text"'],
    ["null", { a: 1 }, "null"],
  ])("in %s: %j", (text, set, expected) => {
    expect(edited(text, { set })).toBe(expected);
  });

  test("comes after removing and renaming", () => {
    const edits = { remove: ["a", "c"], rename: { b: "a" }, set: { "a.x": 1, c: 2 } };
    expect(edited('{"a":0,"b":{"y":2},"c":1}', edits)).toBe('{"a":{"y":2,"x":1},"c":2}');
  });

  test("makes a value that depends on the exchange once for each", () => {
    let made = 0;
    const value = (name: string) => {
      made += 1;
      return Buffer.from(JSON.stringify(name));
    };
    const path = [
      { name: "*", isEach: true },
      { name: "by", isEach: false },
    ];
    const edits = { shape: undefined, values: planOf([{ path, value }]), longest: 1_000 };
    const result = editJson(Buffer.from("[{},{}]"), edits, "ann");
    expect(result?.toString()).toBe('[{"by":"ann"},{"by":"ann"}]');
    expect(made).toBe(1);
  });
});

describe("limits", () => {
  test("a result that would be longer than allowed is none", () => {
    const edits = (longest: number) => editsOf({ set: { "*.a": "0123456789" } }, longest);
    const content = Buffer.from("[1,2,3,4,5,6,7,8,9]");
    expect(editJson(content, edits(100), null)).toBe("too long");
    expect(editJson(content, edits(1_000), null)?.length).toBe(172);
  });

  test("no nesting is too deep", () => {
    const lists = "[".repeat(200_000) + "]".repeat(200_000);
    expect(edited(lists, { set: { "0.0.0": 1 } })).toBe("[[[1]]]");
    const objects = '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000);
    expect(edited(objects, { set: { "a.a.b": 1 } }).endsWith(`,"b":1}}}`)).toBe(true);
  });

  test("what is not JSON is told apart", () => {
    expect(edited('{"a":1,}', { set: { a: 2 } })).toBe("not JSON");
    expect(edited("", { set: { a: 2 } })).toBe("not JSON");
  });
});
