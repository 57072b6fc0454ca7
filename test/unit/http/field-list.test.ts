import { describe, expect, test } from "bun:test";
import { FieldName } from "../../../src/http/field.ts";
import { FieldList } from "../../../src/http/field-list.ts";
import { fieldsOf, flat, linesOf } from "../../support/fields.ts";

const fields = () =>
  new FieldList(
    fieldsOf("A", "1", "Vary", "Accept", "b", "2", "vary", "Origin", "Set-Cookie", "c=d"),
  );

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
    const some = new FieldList(fieldsOf("a", "", "b", "1", "a", ""));
    expect(some.get("a")).toBe(", ");
    expect(some.has("a")).toBe(true);
  });

  test("stay each by itself, in order, and as they were written", () => {
    expect(linesOf(fields().list)).toBe(
      "A: 1\r\nVary: Accept\r\nb: 2\r\nvary: Origin\r\nSet-Cookie: c=d\r\n",
    );
  });

  test("take a further one at their end", () => {
    const some = fields();
    some.set("C", "3");
    expect(linesOf(some.list.slice(-1))).toBe("C: 3\r\n");
    expect(some.list.slice(0, -1)).toEqual(fields().list);
  });

  test("have one in the place of all that had its name, in any case", () => {
    const some = fields();
    some.set("VARY", "a");
    expect(linesOf(some.list)).toBe("A: 1\r\nVARY: a\r\nb: 2\r\nSet-Cookie: c=d\r\n");
    some.set("set-cookie", "vary");
    expect(linesOf(some.list.slice(-1))).toBe("set-cookie: vary\r\n");
  });

  test("may share one with other answers", () => {
    const shared = new FieldName("VARY").with("a");
    const some = fields();
    some.put(shared);
    expect(linesOf(some.list)).toBe("A: 1\r\nVARY: a\r\nb: 2\r\nSet-Cookie: c=d\r\n");
    expect(some.list[1]).toBe(shared);
  });

  test("take one more of a name that they have", () => {
    const some = fields();
    some.append("Set-Cookie", "e=f");
    expect(flat(some.list.slice(-2))).toEqual(["set-cookie", "c=d", "set-cookie", "e=f"]);
  });

  test("lose all that have one of some names", () => {
    const some = fields();
    some.delete(new Set(["vary", "a", "c", "Origin"]));
    expect(flat(some.list)).toEqual(["b", "2", "set-cookie", "c=d"]);
    some.delete(new Set(["b", "set-cookie"]));
    expect(some.list).toEqual([]);
  });

  test.each([
    ["x-a", "1\r\nx-b: 2"],
    ["x-a", "1\n"],
    ["x-a", "\0"],
    ["x-a", "\x7F"],
    ["x-a", "\u0100"],
    ["x a", "1"],
    ["x-a:", "1"],
    ["", "1"],
  ])("never have one that HTTP cannot carry: %p with %p", (name, value) => {
    const some = fields();
    expect(() => some.set(name, value)).toThrow(TypeError);
    expect(() => some.append(name, value)).toThrow(TypeError);
    expect(some.list).toEqual(fields().list);
  });
});
