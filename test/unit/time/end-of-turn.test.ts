import { expect, test } from "bun:test";
import { EndOfTurn } from "../../../src/time/end-of-turn.ts";

function turn() {
  const done: string[] = [];
  const deferred: (() => void)[] = [];
  const turn = new EndOfTurn<string>(
    (item) => void done.push(item),
    (callback) => void deferred.push(callback),
  );
  return { turn, done, deferred };
}

test("items wait for the end of the turn, and are handled in order", () => {
  const { turn: ending, done, deferred } = turn();
  for (const item of ["a", "b", "c"]) ending.add(item);
  expect(done).toEqual([]);
  expect(deferred).toHaveLength(1);
  deferred[0]!();
  expect(done).toEqual(["a", "b", "c"]);
});

test("later items wait for the end of another turn", () => {
  const { turn: ending, done, deferred } = turn();
  ending.add("a");
  deferred[0]!();
  ending.add("b");
  expect(done).toEqual(["a"]);
  deferred[1]!();
  expect(done).toEqual(["a", "b"]);
});

test("what cannot wait is done at once, and not again", () => {
  const { turn: ending, done, deferred } = turn();
  ending.add("a");
  ending.flush();
  expect(done).toEqual(["a"]);
  deferred[0]!();
  expect(done).toEqual(["a"]);
});
