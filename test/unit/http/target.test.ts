import { describe, expect, test } from "bun:test";
import { readTarget } from "../../../src/http/target.ts";

describe("a request's target", () => {
  test.each([
    ["http://gateway.test/", "gateway.test", "/", ""],
    ["http://a/", "a", "/", ""],
    ["http://gateway.test/a/b?c=d", "gateway.test", "/a/b", "?c=d"],
    ["http://gateway.test/a?b/c?d//e", "gateway.test", "/a", "?b/c?d//e"],
    ["http://gateway.test/a?", "gateway.test", "/a", "?"],
    ["http://gateway.test//a///b", "gateway.test", "/a/b", ""],
    ["http://gateway.test/%61%20?%zz", "gateway.test", "/a%20", "?%zz"],
    ["http://[::1]:8080/a", "[::1]:8080", "/a", ""],
  ])("is read from %p with Host %p", (url, host, path, query) => {
    expect(readTarget(url, host)).toEqual({ host, path, query });
  });

  test("without a Host, as HTTP/1.0 allows, begins with the path", () => {
    expect(readTarget("/a//b?c", null)).toEqual({ host: "", path: "/a/b", query: "?c" });
    expect(readTarget("/", null)).toEqual({ host: "", path: "/", query: "" });
  });

  test.each(["", "a b", "a, b", "a:b", "user@a", "a/b"])("is refused with Host %p", (host) => {
    expect(readTarget("/a%2fb?c", host)).toEqual({
      host,
      path: "/a%2fb",
      query: "?c",
      refusal: {
        part: "host",
        problem: "the Host field is not one host name or address with an optional port",
      },
    });
  });

  test.each(["a b", "1.2.3.4.5", null])(
    "has no byte that a terminal would obey, even with Host %p",
    (host) => {
      const { path, query } = readTarget("/\u009B31m\u202E\u{1F600}?\u2028=\uD800\u007F", host);
      expect(path).toBe("/%C2%9B31m%E2%80%AE%F0%9F%98%80");
      expect(query).toBe("?%E2%80%A8=%EF%BF%BD%7F");
    },
  );

  test("has no such byte in its Host either", () => {
    const target = readTarget("/", "a b\u00C2\u009B\u007F\u00E9");
    expect(target.host).toBe("a b%C2%9B%7F%E9");
    expect(target.refusal?.part).toBe("host");
  });

  test("is refused when the runtime could make no URL with its Host", () => {
    expect(readTarget("/a", "a:99999").refusal).toEqual({
      part: "host",
      problem: "the Host field is not a valid host name or address",
    });
  });

  test("is refused when it holds a fragment, in path or query", () => {
    const refusal = { part: "path" as const, problem: 'the request target contains a "#"' };
    expect(readTarget("http://a/b#c", "a").refusal).toEqual(refusal);
    expect(readTarget("http://a/b?c#d", "a").refusal).toEqual(refusal);
  });

  test.each(["/a%2Fb", "/a%5cb", "/%00", "/%zz", "/%"])("is refused with the path %p", (path) => {
    const target = readTarget(`http://gateway.test${path}?q`, "gateway.test");
    expect(target).toMatchObject({ host: "gateway.test", path, query: "?q" });
    expect(target.refusal?.part).toBe("path");
  });

  // What the runtime hands on as it came: without a Host, or with one that fits no URL.
  test.each([
    ["/open/../guarded", null],
    ["/open/%2e%2E/guarded", null],
    ["/open/..\\..\\guarded", null],
    ["/open/./../guarded", null],
    ["/open/..", null],
    ["http://a:99999/open/../guarded", "a:99999"],
    ["http://1.2.3.4.5/open/.%2e/guarded", "1.2.3.4.5"],
    ["http://[::1::2]/open/..\\guarded", "[::1::2]"],
  ])("never holds a dot segment or a backslash: %p with Host %p", (url, host) => {
    const { path, refusal } = readTarget(url, host);
    if (refusal === undefined) expect(path).not.toMatch(/\\|\/\.{1,2}(?:\/|$)/);
  });
});
