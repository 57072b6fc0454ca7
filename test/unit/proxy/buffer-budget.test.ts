import { expect, test } from "bun:test";
import { BufferBudget } from "../../../src/proxy/buffer-budget.ts";

test("a budget gives all that it has and no byte more", () => {
  const budget = new BufferBudget(100);
  expect(budget.take(60)).toBe(true);
  expect(budget.take(41)).toBe(false);
  expect(budget.take(40)).toBe(true);
  expect(budget.take(1)).toBe(false);
  expect(budget.take(0)).toBe(true);
});

test("bytes that were refused need not be released, and released bytes can be reserved again", () => {
  const budget = new BufferBudget(100);
  expect(budget.take(101)).toBe(false);
  expect(budget.take(100)).toBe(true);
  budget.giveBack(30);
  expect(budget.take(31)).toBe(false);
  expect(budget.take(30)).toBe(true);
});
