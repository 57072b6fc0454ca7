import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { normalizePath } from "../../../src/http/path.ts";

const HEX = "0123456789abcdefABCDEF".split("");

/** Paths as clients with bad intentions write them: plain, escaped twice, half escaped. */
const writtenPath = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "/",
        "//",
        "a",
        "Z",
        ".",
        "..",
        "~",
        "-",
        "%",
        "%2",
        "%25",
        "%2f",
        "%2E",
        "é",
      ),
      fc.tuple(fc.constantFrom(...HEX), fc.constantFrom(...HEX)).map(([a, b]) => `%${a}${b}`),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => `/${pieces.join("")}`);

describe("a normal path", () => {
  test.each([
    ["/", "/"],
    ["/a/b", "/a/b"],
    ["//", "/"],
    ["/a//b///c", "/a/b/c"],
    ["///a//", "/a/"],
    ["/%61%7E%2d%5F", "/a~-_"],
    ["/%e4%c3%a4", "/%E4%C3%A4"],
    ["/a%20b%3fc%23", "/a%20b%3Fc%23"],
    ["/%2561", "/%2561"],
    ["/%25%36%31", "/%2561"],
    ["/a+b;c=d,e", "/a+b;c=d,e"],
  ])("of %p is %p", (written, normal) => {
    expect(normalizePath(written)).toBe(normal);
  });

  test.each(["/a%2Fb", "/a%2fb", "/a%5Cb", "/a%5cb", "/a%00", "/%2F/"])(
    "does not exist for %p, whose escape backends read differently",
    (written) => {
      expect(normalizePath(written)).toEqual({
        problem: "the path contains an encoded slash, backslash or NUL",
      });
    },
  );

  test.each(["/%", "/%2", "/%zz", "/%%41", "/%u0041", "/a%2", "/%4%31"])(
    "does not exist for %p, which holds a broken escape",
    (written) => {
      expect(normalizePath(written)).toEqual({
        problem: 'the path contains a "%" that is not followed by two hexadecimal digits',
      });
    },
  );

  test("is its own normal path", () => {
    fc.assert(
      fc.property(writtenPath, (written) => {
        const normal = normalizePath(written);
        if (typeof normal === "string") expect(normalizePath(normal)).toBe(normal);
      }),
    );
  });

  test("never holds two slashes in a row, nor an escape that has another spelling", () => {
    fc.assert(
      fc.property(writtenPath, (written) => {
        const normal = normalizePath(written);
        if (typeof normal !== "string") return;
        expect(normal).toStartWith("/");
        expect(normal).not.toContain("//");
        for (const [escape] of normal.matchAll(/%.{0,2}/gs)) {
          expect(escape).toMatch(/^%[0-9A-F]{2}$/);
          expect(decodeLatin1(escape)).not.toMatch(/[A-Za-z0-9._~/\\\0-]/);
        }
      }),
    );
  });

  test("of any spelling of a guarded path is that path, or there is none", () => {
    const guarded = "/admin/users-1.json";
    const spelling = fc
      .tuple(...guarded.split("").map((character) => spellingOf(character)))
      .map((characters) => characters.join(""));
    fc.assert(
      fc.property(spelling, (written) => {
        const normal = normalizePath(written);
        if (typeof normal === "string") expect(normal).toBe(guarded);
        else expect(written.toLowerCase()).toContain("%2f");
      }),
    );
  });
});

function spellingOf(character: string) {
  const escape = `%${character.charCodeAt(0).toString(16)}`;
  const repeated = character === "/" ? ["//", "////"] : [];
  return fc.constantFrom(
    character,
    character,
    character,
    ...repeated,
    escape,
    escape.toUpperCase(),
  );
}

function decodeLatin1(escape: string): string {
  return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
}
