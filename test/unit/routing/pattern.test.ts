import { describe, expect, test } from "bun:test";
import { parsePattern } from "../../../src/routing/pattern.ts";

function shapeOf(path: string): string {
  const pattern = parsePattern(path);
  if ("message" in pattern) throw new Error(pattern.message);
  return pattern.shape;
}

function problemWith(path: string): { message: string; offset: number } {
  const problem = parsePattern(path);
  if (!("message" in problem)) throw new Error(`no problem with ${path}`);
  return problem;
}

test("a path is read as literal segments, parameters and a wildcard at its end", () => {
  expect(parsePattern("/api/:id/*rest")).toEqual({
    path: "/api/:id/*rest",
    segments: [
      { kind: "static", text: "api" },
      { kind: "parameter", text: ":id", name: "id" },
      { kind: "wildcard", text: "*rest", name: "rest" },
    ],
    shape: "/api/:/*",
  });
});

test("names do not count for a path's shape", () => {
  expect(shapeOf("/api/:id/*")).toBe(shapeOf("/api/:user_2/*_rest"));
  expect(shapeOf("/*")).toBe(shapeOf("/*all"));
});

test("trailing slashes, empty segments, case and percent-encoding count for a path's shape", () => {
  const paths = ["/", "/a", "/a/", "/a//b", "/a/b", "/A", "/%41", "/a/:b", "/a/*", "/*"];
  expect(new Set(paths.map(shapeOf)).size).toBe(paths.length);
});

test.each(["/x:y", "/a:", "/~user", "/a;v=1", "/v1.2", "/...", "/.well-known", "/a|b[c]", "/%zz"])(
  "%s is a literal path",
  (path) => {
    expect(shapeOf(path)).toBe(path);
  },
);

describe("a problem names the culprit, where it begins and what to write instead", () => {
  test.each([
    ["", 0, 'begins with "/"'],
    ["api", 0, 'begins with "/"'],
    ["*", 0, 'begins with "/"'],
    ["//api", 1, 'single "/"'],
    ["/api?x=1", 4, "the query takes no part"],
    ["/api#top", 4, "a fragment is never sent"],
    ["/a b", 2, 'no white space: write it as "%20"'],
    ["/a\tb", 2, 'no white space: write it as "%09"'],
    ["/a\u{a0}b", 2, '"%C2%A0"'],
    ["/a\0b", 2, "no control characters"],
    ["/a\u{7f}b", 2, "no control characters"],
    ["/a\\b", 2, 'a backslash arrives as "/"'],
    ["/users/{id}", 7, 'write a parameter as ":name"'],
    ["/a^", 2, 'arrives as "%5E"'],
    ["/café", 4, 'arrives as "%C3%A9"'],
    ["/😀", 1, 'arrives as "%F0%9F%98%80"'],
    ["/\u{d800}", 1, 'arrives as "%EF%BF%BD"'],
    ["/a/./b", 3, '"." is resolved'],
    ["/a/..", 3, '".." is resolved'],
    ["/a/%2E./b", 3, '"%2E." is resolved'],
    ["/a/:", 3, "a parameter has a name"],
    ["/a/:/b", 3, "a parameter has a name"],
    ["/a/:1st", 4, '"1st" cannot name a parameter'],
    ["/a/:id.json", 4, '"id.json" cannot name a parameter'],
    ["/a/:id*", 4, '"id*" cannot name a parameter'],
    ["/a/*-x", 4, '"-x" cannot name a wildcard'],
    ["/a/**", 4, '"*" cannot name a wildcard'],
    ["/a/*/b", 3, "only be the last segment"],
    ["/a/*/", 3, "only be the last segment"],
    ["/a/b*", 4, 'put a "/" before "*"'],
    ["/a*b/c", 2, 'put a "/" before "*"'],
    ["/:id/x/:id", 7, '"id" is used twice'],
    ["/:id/*id", 5, '"id" is used twice'],
  ])("%j", (path, offset, words) => {
    const problem = problemWith(path);
    expect(problem.offset).toBe(offset);
    expect(problem.message).toContain(words);
  });
});
