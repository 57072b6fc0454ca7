import { expect, test } from "bun:test";
import { byteRange } from "../../../src/http/byte-range.ts";
import { isSameStrongly, isSameWeakly, matchesEntityTag } from "../../../src/http/entity-tag.ts";

test.each([
  ["bytes=0-0", 10, { start: 0, end: 1 }],
  ["Bytes= 2-4 ", 10, { start: 2, end: 5 }],
  ["bytes=2-", 10, { start: 2, end: 10 }],
  ["bytes=-4", 10, { start: 6, end: 10 }],
  ["bytes=-40", 10, { start: 0, end: 10 }],
  ["bytes=9-99999999999999999999", 10, { start: 9, end: 10 }],
  ["bytes=10-", 10, "none"],
  ["bytes=-0", 10, "none"],
  ["bytes=0-", 0, "none"],
  ["bytes=-1", 0, "none"],
  ["bytes=-", 10, undefined],
  ["bytes=4-3", 10, undefined],
  ["bytes=0-1,2-3", 10, undefined],
  ["lines=0-1", 10, undefined],
  ["0-1", 10, undefined],
] as const)("%s of %d bytes", (written, length, range) => {
  expect(byteRange(written, length)).toEqual(range);
});

test.each([
  ['"a"', '"a"', true],
  ['W/"a"', '"a"', true],
  ['"a"', 'W/"a"', true],
  ['"b", "a"', '"a"', true],
  ['"b,a"', '"a"', false],
  ['"b,a"', '"b,a"', true],
  ["a", "a", true],
  ['"a"', '"A"', false],
  ["", '"a"', false],
  ['"', '"a"', false],
])("If-None-Match: %s and %s match: %p", (given, etag, matches) => {
  expect(matchesEntityTag(given, etag)).toBe(matches);
});

test("weak entity tags are the same only weakly", () => {
  expect(isSameStrongly('"a"', '"a"')).toBe(true);
  expect(isSameStrongly('W/"a"', 'W/"a"')).toBe(false);
  expect(isSameWeakly('W/"a"', '"a"')).toBe(true);
});
