import { expect, test } from "bun:test";
import { withoutBlanksAround } from "../../../src/http/blanks.ts";

test.each([
  ["a b", "a b"],
  [" \t a\tb \t", "a\tb"],
  ["", ""],
  [" \t ", ""],
  ["voil\xC3\xA0", "voil\xC3\xA0"],
])("%j without the blanks around it is %j", (value, expected) => {
  expect(withoutBlanksAround(value)).toBe(expected);
});
