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
    ["", 0, 'must begin with "/"'],
    ["api", 0, 'must begin with "/"'],
    ["*", 0, 'must begin with "/"'],
    ["//api", 1, 'single "/"'],
    ["/api?x=1", 4, "the query is not part"],
    ["/api#top", 4, "fragments are never sent"],
    ["/a b", 2, 'white space, which is "%20"'],
    ["/a\tb", 2, 'white space, which is "%09"'],
    ["/a\u{a0}b", 2, '"%C2%A0"'],
    ["/a\0b", 2, "not contain control characters"],
    ["/a\u{7f}b", 2, "not contain control characters"],
    ["/a\\b", 2, "not contain a backslash"],
    ["/users/{id}", 7, 'a parameter is written like ":id"'],
    ["/a^", 2, 'is "%5E"'],
    ["/café", 4, 'is "%C3%A9"'],
    ["/😀", 1, 'is "%F0%9F%98%80"'],
    ["/\u{d800}", 1, 'is "%EF%BF%BD"'],
    ["/a/./b", 3, '"." is resolved'],
    ["/a/..", 3, '".." is resolved'],
    ["/a/%2E./b", 3, '"%2E." is resolved'],
    ["/a/:", 3, "a parameter needs a name"],
    ["/a/:/b", 3, "a parameter needs a name"],
    ["/a/:1st", 4, '"1st" cannot be the name of a parameter'],
    ["/a/:id.json", 4, '"id.json" cannot be the name of a parameter'],
    ["/a/:id*", 4, '"id*" cannot be the name of a parameter'],
    ["/*.png", 1, 'the ending ".png" cannot be asked for'],
    ["~* \\.(png|css)$", 0, "paths are not matched by regular expressions"],
    ["/(a|b)/x", 1, "paths are not matched by regular expressions"],
    ["/a/\\d+", 3, "paths are not matched by regular expressions"],
    ["/a/*-x", 4, '"-x" cannot be the name of a wildcard'],
    ["/a/**", 4, '"*" cannot be the name of a wildcard'],
    ["/a/*/b", 3, "must be the last segment"],
    ["/a/*/", 3, "must be the last segment"],
    ["/a/b*", 4, "must be a whole segment"],
    ["/a*b/c", 2, "must be a whole segment"],
    ["/:id/x/:id", 7, '"id" is used twice'],
    ["/:id/*id", 5, '"id" is used twice'],
  ])("%j", (path, offset, words) => {
    const problem = problemWith(path);
    expect(problem.offset).toBe(offset);
    expect(problem.message).toContain(words);
  });
});

describe("a path as other software writes it is answered with ours", () => {
  test.each([
    ["/users/{id}", "/users/:id"],
    ["/users/{id:[0-9]+}", "/users/:id"],
    ["/users/{id:[a-z]{2}}/x", "/users/:id/x"],
    ["/users/{id:[^/]+}/x", "/users/:id/x"],
    ["/users/<id>", "/users/:id"],
    ["/users/<int:id>/posts", "/users/:id/posts"],
    ["/api/**", "/api/*"],
    ["/api*", "/api/*"],
    ["/api/.*", "/api/*"],
    ["/api/*/x", "/api/:any/x"],
    ["/api/*/x/*/y", "/api/:any/x/:any2/y"],
    ["~ ^/api/(.*)$", "/api/*"],
    ["~ ^/users/([0-9]+)$", "/users/:any"],
    ["/users/:id(\\d+)", "/users/:id"],
    ["/users/[^/]+/posts", "/users/:any/posts"],
    ["^/api", "/api"],
    ["= /exact", "/exact"],
    ["/a/{rest...}", "/a/*rest"],
    ["/a/{*rest}", "/a/*rest"],
    ["/a/{**rest}", "/a/*rest"],
    ["api/users", "/api/users"],
    ["https://api.example.com/users", "/users"],
    ["api.example.com:8080/users/*", "/users/*"],
    ["favicon.ico", "/favicon.ico"],
  ])("%s", (path, ours) => {
    expect(problemWith(path).message).toEndWith(`; write "${ours}"`);
  });

  test.each(["/a/{", "/a/{x}/{x}", "https://x/a*b/c", "/a*b/c", "/a b", "/a?b"])(
    "unless there is no guess: %s",
    (path) => {
      expect(problemWith(path).message).not.toContain("; write");
    },
  );
});
