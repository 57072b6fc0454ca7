import { expect, test } from "bun:test";
import { printableJson, printableLines } from "../../../src/units/printable.ts";

test("a message that quotes what harms terminals does not, and keeps its lines and colours", () => {
  const plain = "gateway: \x1b[33mno\x1b[39m request\n\ttwo\r\n";
  expect(printableLines(plain)).toBe(plain);
  expect(printableLines("no request \x1b]0;a\x07\r\u009b31m\u202e\x1b[2J\n")).toBe(
    "no request \\x1b]0;a\\x07\\r\\x9b31m\\u202e\\x1b[2J\n",
  );
});

test("JSON with an indent keeps its lines", () => {
  const text = printableJson({ a: "\u009b\n" }, 2);
  expect(text).toBe('{\n  "a": "\\u009b\\n"\n}');
});
