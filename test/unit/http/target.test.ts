import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { targetOf, visible } from "../../../src/http/target.ts";

const HOST = "gateway.test";

describe("a request target", () => {
  test.each([
    ["/", "/", ""],
    ["/a/b?c=d", "/a/b", "?c=d"],
    ["/a?b/c?d//e", "/a", "?b/c?d//e"],
    ["/a?", "/a", "?"],
  ])("%p is a path and a query", (target, path, query) => {
    expect(targetOf("GET", target, HOST)).toEqual({ host: HOST, path, query });
  });

  test.each([
    ["//a///b", "/a/b"],
    ["/%61%20", "/a%20"],
    ["/a/./b/../c", "/a/c"],
    ["/a/%2e%2E/b", "/b"],
    ["/caf\u00C3\u00A9", "/caf%C3%A9"],
  ])("%p has a normal path, and keeps the one that was written", (written, path) => {
    expect(targetOf("GET", `${written}?%zz`, HOST)).toEqual({
      host: HOST,
      path,
      query: "?%zz",
      writtenPath: written,
    });
  });

  test.each([
    ["/a%2Fb", { path: "/a%2Fb", decodedPath: "/a/b" }],
    ["/a%2fb", { path: "/a%2Fb", decodedPath: "/a/b", writtenPath: "/a%2fb" }],
    ["/a\\b", { path: "/a%5Cb", decodedPath: "/a/b", writtenPath: "/a\\b" }],
    ["/%2F%5Ca%2F/", { path: "/%2F%5Ca%2F/", decodedPath: "/a/" }],
  ])("%p has an encoded slash, and a reading without it", (written, expected) => {
    expect(targetOf("GET", written, HOST)).toEqual({ host: HOST, query: "", ...expected });
  });

  test.each([
    "?a='b'&c=\"<>`{}|\\^",
    "?q=\u00C3\u00A9",
    "?q=\u00E9\u00FF",
    "?../..//%2e%2E",
    "?%zz%",
    "?a?b",
  ])("keeps the bytes of the query %p", (query) => {
    expect(targetOf("GET", `/a${query}`, HOST).query).toBe(query);
    expect(targetOf("GET", `/a//b${query}`, HOST).query).toBe(query);
  });

  test.each(["/a#b", "/a?b#c", "/#", "http://a/b#c", "http://a?b#c"])(
    "%p is refused for its fragment",
    (target) => {
      const { refusal } = targetOf("GET", target, HOST);
      expect(refusal).toEqual({ part: "path", problem: 'the request target contains a "#"' });
    },
  );

  test.each(["/a b", "/a\tb", "/a?b\u0000", "/a\u007F", "/\r\nb"])(
    "%p is refused for a byte that could end its line",
    (target) => {
      const { path, query, refusal } = targetOf("GET", target, HOST);
      expect(refusal).toEqual({
        part: "path",
        problem: "the request target contains a control character or a blank",
      });
      expect(path + query).toMatch(/^[!-~]*$/);
    },
  );

  test.each(["/%00", "/%zz", "/%", "/..", "/a/../../b", "/a/..%2fb", "/a/..;/b"])(
    "is refused with the path %p",
    (path) => {
      const target = targetOf("GET", `${path}?q`, HOST);
      expect(target).toMatchObject({ host: HOST, path, query: "?q" });
      expect(target.refusal?.part).toBe("path");
    },
  );

  test.each(["", "a b", "a, b", "a:b", "user@a", "a/b"])("is refused with Host %p", (host) => {
    expect(targetOf("GET", "/a%2fb?c", host)).toEqual({
      host,
      path: "/a%2fb",
      query: "?c",
      refusal: {
        part: "host",
        problem: "the Host field is not one host name or address with an optional port",
      },
    });
  });

  test("without a Host, as HTTP/1.0 allows, has an empty one", () => {
    expect(targetOf("GET", "/a?b", null)).toEqual({ host: "", path: "/a", query: "?b" });
  });

  test("with an empty port in Host means the host without a port", () => {
    expect(targetOf("GET", "/", "example.com:").host).toBe("example.com");
    expect(targetOf("GET", "http://example.org:/", "example.com:").host).toBe("example.org");
  });

  test("shows no byte of a refused Host that a terminal would obey", () => {
    const target = targetOf("GET", "/", "a b\u00C2\u009B\u007F\u00E9");
    expect(target.host).toBe("a b%C2%9B%7F%E9");
    expect(target.refusal?.part).toBe("host");
  });

  test("has a visible path and no control character in its query unless it is refused", () => {
    const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(character) });
    fc.assert(
      fc.property(bytes, (text) => {
        const target = targetOf("GET", `/${text}`, HOST);
        expect(target.path).toMatch(/^\/[!-~]*$/);
        if (target.refusal === undefined) {
          expect(target.path + target.query).not.toMatch(/[\0-\x20\x7F#]/);
        } else expect(target.query).toMatch(/^[!-~]*$/);
      }),
    );
  });
});

describe("a request target that is a URL", () => {
  test.each([
    ["http://other.test/a//b?c", "other.test", "/a/b", "?c"],
    ["HTTPS://other.test:8443/", "other.test:8443", "/", ""],
    ["http://other.test", "other.test", "/", ""],
    ["http://[::1]:80?c=/d", "[::1]:80", "/", "?c=/d"],
  ])("%p replaces the Host field", (url, host, path, query) => {
    expect(targetOf("GET", url, HOST)).toMatchObject({ host, path, query });
    expect(targetOf("GET", url, null)).toMatchObject({ host, path, query });
    expect(targetOf("GET", url, HOST).refusal).toBeUndefined();
  });

  test.each([
    ["http://user@a/", "the request target contains a user name or a password"],
    ["http://user:secret@a/", "the request target contains a user name or a password"],
    ["http:///a", "the request target does not name one host or address with an optional port"],
    ["http://a:b/", "the request target does not name one host or address with an optional port"],
    ["http://a\\b/", "the request target does not name one host or address with an optional port"],
  ])("%p is refused", (url, problem) => {
    expect(targetOf("GET", url, HOST).refusal).toEqual({ part: "host", problem });
  });

  test("does not make up for a Host field that is not valid", () => {
    const target = targetOf("GET", "http://a/b?c", "a b");
    expect(target).toMatchObject({ host: "a b", path: "/b", query: "?c" });
    expect(target.refusal?.part).toBe("host");
  });

  test.each(["ftp://a/b", "a/b", "a:80", "", "?a", "http:/a", "mailto:a@b"])(
    "must be one of http or https, unlike %p",
    (target) => {
      expect(targetOf("GET", target, HOST).refusal).toEqual({
        part: "path",
        problem:
          'the request target is neither a path that begins with "/" nor an http or https URL',
      });
    },
  );
});

describe("a request target without a path", () => {
  test.each(["*", "http://gateway.test", "http://gateway.test:"])(
    "%p is the whole gateway for OPTIONS",
    (target) => {
      expect(targetOf("OPTIONS", target, HOST)).toEqual({ host: HOST, path: "*", query: "" });
    },
  );

  test("is the root for OPTIONS if the URL has a slash or a query", () => {
    expect(targetOf("OPTIONS", "http://a/", HOST)).toMatchObject({ path: "/", query: "" });
    expect(targetOf("OPTIONS", "http://a?b", HOST)).toMatchObject({ path: "/", query: "?b" });
  });

  test("cannot be an asterisk for other methods", () => {
    expect(targetOf("GET", "*", HOST)).toEqual({
      host: HOST,
      path: "*",
      query: "",
      refusal: { part: "path", problem: 'the request target "*" is for OPTIONS only' },
    });
  });

  test("is what CONNECT asks for, as it can be logged", () => {
    expect(targetOf("CONNECT", "example.com:443", "example.com:443")).toEqual({
      host: "example.com:443",
      path: "example.com:443",
      query: "",
    });
    expect(targetOf("CONNECT", "a\u001B[1m", HOST).path).toBe("a%1B[1m");
  });
});

test("bytes that are not visible ASCII are shown percent-encoded", () => {
  expect(visible("?a=\u00C3\u00A9 \u001B'\"<>%zz")).toBe("?a=%C3%A9%20%1B'\"<>%zz");
});

function character(byte: number): string {
  return String.fromCharCode(byte);
}
