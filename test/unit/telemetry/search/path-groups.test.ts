import { expect, test } from "bun:test";
import {
  decodeGroups,
  encodeGroups,
  hasTriples,
  triplesOf,
} from "../../../../src/telemetry/search/path-groups.ts";

test("a group of paths tells what is in none of them, but for numbers", () => {
  const lines = ["\n/users/17\n/users/18\n", "\n/orders/1/items\n"].map((text) =>
    Buffer.from(text),
  );
  const groups = decodeGroups(encodeGroups([2, 1], lines));
  expect(groups.map(({ first, count, from, bytes }) => [first, count, from, bytes])).toEqual([
    [0, 2, 0, 21],
    [2, 1, 21, 17],
  ]);
  const has = (text: string) =>
    groups.map((group) => hasTriples(group, triplesOf(Buffer.from(text))));
  expect(has("\n/users/")).toEqual([true, false]);
  expect(has("/items\n")).toEqual([false, true]);
  expect(has("/99")).toEqual([true, false]);
  expect(has("/")).toEqual([true, true]);
});
