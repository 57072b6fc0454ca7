import { expect, test } from "bun:test";
import { Memo } from "../../../src/units/memo.ts";

function counting() {
  const asked: string[] = [];
  const memo = new Memo(
    (key) => {
      asked.push(key);
      return key.length;
    },
    { most: 2, longestKey: 3 },
  );
  return { asked, memo };
}

test("A memo makes a result once", () => {
  const { asked, memo } = counting();
  expect([memo.of("a"), memo.of("a")]).toEqual([1, 1]);
  expect(asked).toEqual(["a"]);
});

test("A memo does not keep what is long", () => {
  const { asked, memo } = counting();
  expect([memo.of("abcd"), memo.of("abcd"), memo.of("abc"), memo.of("abc")]).toEqual([4, 4, 3, 3]);
  expect(asked).toEqual(["abcd", "abcd", "abc"]);
});

test("A memo begins again when it is full", () => {
  const { asked, memo } = counting();
  for (const key of ["a", "b", "c", "c", "a"]) memo.of(key);
  expect(asked).toEqual(["a", "b", "c", "a"]);
});
