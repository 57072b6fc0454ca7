import { describe, expect, test } from "bun:test";
import { FieldList } from "../../../src/http/field-list.ts";

const fields = () =>
  new FieldList(["a", "1", "vary", "Accept", "b", "2", "vary", "Origin", "set-cookie", "c=d"]);

describe("fields of an answer", () => {
  test.each([
    ["a", "1"],
    ["vary", "Accept, Origin"],
    ["c", null],
    ["1", null],
    ["Accept", null],
  ])("tell the value of %p, that of all that have the name", (name, value) => {
    expect(fields().get(name)).toBe(value);
    expect(fields().has(name)).toBe(value !== null);
  });

  test("have a field without a value", () => {
    const some = new FieldList(["a", "", "b", "1", "a", ""]);
    expect(some.get("a")).toBe(", ");
    expect(some.has("a")).toBe(true);
  });

  test("take a further one at their end", () => {
    const some = fields();
    some.set("c", "3");
    expect(some.list.slice(-2)).toEqual(["c", "3"]);
    expect(some.list.slice(0, -2)).toEqual(fields().list);
  });

  test("have one in the place of all that had its name", () => {
    const some = fields();
    some.set("vary", "a");
    expect(some.list).toEqual(["a", "1", "vary", "a", "b", "2", "set-cookie", "c=d"]);
    some.set("set-cookie", "vary");
    expect(some.list.slice(-2)).toEqual(["set-cookie", "vary"]);
  });

  test("lose all that have one of some names", () => {
    const some = fields();
    some.delete(new Set(["vary", "a", "c", "Origin"]));
    expect(some.list).toEqual(["b", "2", "set-cookie", "c=d"]);
    some.delete(new Set(["b", "set-cookie"]));
    expect(some.list).toEqual([]);
  });
});
