import { expect, test } from "bun:test";
import { variableAdvice } from "../../../src/units/variable.ts";

test.each(["$HOME", "{$HOME}", "{env.HOME}", "%HOME%"])("%s is written otherwise here", (text) => {
  expect(variableAdvice(text)).toBe('an environment variable is written "${HOME}"');
});

test.each(["${HOME}", "$", "$5", "a$b", "{HOME}", "100%"])("%s is no variable", (text) => {
  expect(variableAdvice(text)).toBeUndefined();
});
