import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { decodeSlashes, hasDotSegment, normalizePath } from "../../../src/http/path.ts";

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
        "%5C",
        "%252e",
        ";",
        "\\",
        "é",
      ),
      fc.tuple(fc.constantFrom(...HEX), fc.constantFrom(...HEX)).map(([a, b]) => `%${a}${b}`),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(byte), maxLength: 3 }),
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
    ["/.well-known/..a/...", "/.well-known/..a/..."],
    ["/caf\u00C3\u00A9\u00FF", "/caf%C3%A9%FF"],
    ['/a"<>[]^`{|}', "/a%22%3C%3E%5B%5D%5E%60%7B%7C%7D"],
    ["/a%2fb%2F", "/a%2Fb%2F"],
    ["/a%5cb\\c", "/a%5Cb%5Cc"],
    ["/%2f%2Fa", "/%2F%2Fa"],
    ["/a%252fb%2500", "/a%252fb%2500"],
  ])("of %p is %p", (written, normal) => {
    expect(normalizePath(written)).toBe(normal);
  });

  test.each([
    ["/a/../b", "/b"],
    ["/a/./b/.", "/a/b/"],
    ["/a/b/..", "/a/"],
    ["/a/..", "/"],
    ["/./", "/"],
    ["/.", "/"],
    ["/a/%2e%2E/b", "/b"],
    ["/a/.%2e/%2e/b", "/b"],
    ["/a//../b", "/a/b"],
    ["//../a", "/a"],
    ["/a%2Fb/../c", "/c"],
  ])("of %p, whose dot segments are resolved, is %p", (written, normal) => {
    expect(normalizePath(written)).toBe(normal);
  });

  test.each(["/..", "/../a", "/a/../../b", "/%2e%2e/a", "/./../a", "/a/b/../../../a"])(
    "does not exist for %p, which leads above the root",
    (written) => {
      expect(normalizePath(written)).toEqual({
        problem: 'the path leads above "/" by ".." segments',
      });
    },
  );

  test.each([
    "/a/..%2fb",
    "/a/%2e%2e%2fb",
    "/a%2f..%2fb",
    "/a%5C..",
    "/a/..\\b",
    "/a%2F.%5Cb",
    "/%2f../a",
    "/a/..;/b",
    "/a/.;x=1/b",
    "/a/..%3b/b",
    "/a/..%252fb",
    "/a/%252e%252e/b",
    "/a/%25252e./b",
    "/a/%252e%252E%25252fb",
  ])("does not exist for %p, in which backends could see a dot segment", (written) => {
    expect(normalizePath(written)).toEqual({
      problem: 'the path contains an encoded "." or ".." segment, or one with parameters',
    });
  });

  test("does not exist for an escaped NUL", () => {
    expect(normalizePath("/a%00")).toEqual({ problem: "the path contains an encoded NUL" });
  });

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
        expect(normal).toMatch(/^[!-~]*$/);
        for (const [escape] of normal.matchAll(/%.{0,2}/gs)) {
          expect(escape).toMatch(/^%[0-9A-F]{2}$/);
          expect(decodeLatin1(escape)).not.toMatch(/[A-Za-z0-9._~\0-]/);
        }
      }),
    );
  });

  test("has no segment that is a dot segment after any number of decodings", () => {
    fc.assert(
      fc.property(writtenPath, (written) => {
        let path = normalizePath(written);
        for (let depth = 0; depth < 4 && typeof path === "string"; depth += 1) {
          expect(path.replaceAll("\\", "/")).not.toMatch(/\/\.{1,2}(?:[;/]|$)/);
          path = path.replace(/%[0-9A-Fa-f]{2}/g, decodeLatin1);
        }
      }),
    );
  });

  test("of any spelling of a guarded path is that path, or becomes it when slashes are decoded", () => {
    const guarded = "/admin/users-1.json";
    const spelling = fc
      .tuple(...guarded.split("").map((character) => spellingOf(character)))
      .map((characters) => characters.join(""));
    fc.assert(
      fc.property(spelling, (written) => {
        const normal = normalizePath(written);
        if (typeof normal !== "string") throw new Error(normal.problem);
        if (!normal.includes("%2F")) expect(normal).toBe(guarded);
        expect(decodeSlashes(normal) ?? normal).toBe(guarded);
      }),
    );
  });
});

describe("a path whose slashes are decoded", () => {
  test.each([
    ["/a%2Fb", "/a/b"],
    ["/a%5Cb%2F", "/a/b/"],
    ["/%2F%2Fa/%2F", "/a/"],
    ["/a%2F%252F", "/a/%252F"],
  ])("is for %p %p", (path, decoded) => {
    expect(decodeSlashes(path)).toBe(decoded);
  });

  test.each(["/", "/a/b", "/a%20b", "/%252F", "/%252f%255C"])("does not differ for %p", (path) => {
    expect(decodeSlashes(path)).toBeUndefined();
  });
});

test.each(["/..", "/a/./b", "/%2e%2E/a", "/a/..;b", "/a%2F.."])("%p has a dot segment", (path) => {
  expect(hasDotSegment(path)).toBeTrue();
});

test.each(["/", "/...", "/a../.b", "/a%2Fb"])("%p has no dot segment", (path) => {
  expect(hasDotSegment(path)).toBeFalse();
});

function byte(code: number): string {
  return String.fromCharCode(code);
}

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
