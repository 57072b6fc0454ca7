import { describe, expect, test } from "bun:test";
import { deltaSeconds, parseCacheControl } from "../../../src/http/cache-control.ts";

const read = (written: string | null) => Object.fromEntries(parseCacheControl(written));

describe("Cache-Control", () => {
  test.each([
    [null, {}],
    ["", {}],
    ["max-age=60", { "max-age": "60" }],
    ["No-Store, MAX-AGE=60", { "no-store": "", "max-age": "60" }],
    [" a ,, b=1\t, ", { a: "", b: "1" }],
    ['private="a, no-store", max-age="60"', { private: "a, no-store", "max-age": "60" }],
    ['a="\\"", b', { a: '"', b: "" }],
    ["max-age=1, max-age=1", { "max-age": "1" }],
    ['"no-store", a', { a: "" }],
    ["=1, a", { a: "" }],
  ] as [string | null, Record<string, string>][])("%j is %j", (written, directives) => {
    expect(read(written)).toEqual(directives);
  });

  test.each(["max-age=1, max-age=2", "max-age =1", "max-age= 1", "max-age=1;a", "max-age='1'"])(
    "%j has no max-age that is a number",
    (written) => {
      const { "max-age": value } = read(written);
      expect(value).toBeDefined();
      expect(deltaSeconds(value)).toBeUndefined();
    },
  );

  test("hides nothing behind a quote that does not end", () => {
    expect(read('a="b, no-store')).toHaveProperty("no-store");
    expect(read('no-store "')).toHaveProperty("no-store");
  });

  test.each(['"\\",', 'a="', 'a="\\",', "a,", '",'])("is read in linear time: %s", (part) => {
    const started = performance.now();
    parseCacheControl(`"${part.repeat(100_000)}`);
    // In quadratic time it would be minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

test.each([
  ["0", 0],
  ["0060", 60],
  ["99999999999999999999", 2 ** 31],
  ["-1", undefined],
  ["1.5", undefined],
  ["1s", undefined],
  ["", undefined],
  [undefined, undefined],
])("%j is %p seconds", (written, seconds) => {
  expect(deltaSeconds(written)).toBe(seconds);
});
