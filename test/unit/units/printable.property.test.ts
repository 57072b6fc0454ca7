import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { assert, property, string } from "fast-check";
import {
  escaped,
  isPlain,
  printable,
  printableJson,
  unescaped,
} from "../../../src/units/printable.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Any code unit, lone surrogates too. */
const anyText = string({ unit: "binary" }).chain((text) =>
  string({ unit: "grapheme" }).map((other) => text + other + text.slice(1)),
);

/** Stated here once more, by numbers: C0, DEL, C1, separators, bidirectional controls, BOM. */
function isHidden(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0x61c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0xfeff
  );
}

const holdsHidden = (text: string): boolean =>
  !text.isWellFormed() || Array.from(text).some((one) => isHidden(one.codePointAt(0) ?? 0));

const every = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

describe("nothing unprintable is left", () => {
  test("of any single character", () => {
    const left = every.filter((character) =>
      [printable(character), escaped(character), printableJson(character)].some(holdsHidden),
    );
    expect(left).toEqual([]);
  });

  test("of any text", () => {
    assert(
      property(anyText, (text) => {
        expect(holdsHidden(printable(text))).toBe(false);
        expect(holdsHidden(escaped(text))).toBe(false);
        expect(holdsHidden(printableJson({ text }))).toBe(false);
      }),
    );
  });
});

test("printable text stays as it is", () => {
  const kept = every.filter((one) => !isHidden(one.charCodeAt(0)) && one.isWellFormed());
  expect(kept.filter((one) => printable(one) !== one)).toEqual([]);
  expect(kept.filter((one) => escaped(one) !== one)).toEqual(["\\"]);
  expect(printable("naïve 😀 日本語 C:\\x")).toBe("naïve 😀 日本語 C:\\x");
});

test("no two texts are escaped to the same one", () => {
  assert(
    property(anyText, (text) => {
      const back = escaped(text).replace(
        /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))/g,
        (_all, two?: string, four?: string, one?: string) => {
          const code = two ?? four;
          if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
          return { t: "\t", n: "\n", r: "\r" }[one ?? ""] ?? "\\";
        },
      );
      expect(back).toBe(text);
      expect(isPlain(text)).toBe(escaped(text) === text);
    }),
  );
});

test("JSON says what it said before", () => {
  assert(
    property(anyText, (text) => {
      expect(JSON.parse(printableJson({ text }))).toEqual({ text });
    }),
  );
});

test.each([
  ["\u009B31m", "\\x9b31m"],
  ["\u001B[2J", "\\x1b[2J"],
  ["a\r\nb\tc", "a\\r\\nb\\tc"],
  ["\u202E\u2028", "\\u202e\\u2028"],
  ["\uD83D", "\\ud83d"],
  ["\u007F\u0085", "\\x7f\\x85"],
])("%j is shown as %s", (text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(escaped(text)).toBe(shown);
});

test("what was escaped can be had again", () => {
  assert(
    property(anyText, (text) => {
      expect(unescaped(escaped(text))).toBe(text);
    }),
  );
});
