import { describe, expect, test } from "bun:test";
import { hostName, hostPort, isValidHost, withoutEmptyPort } from "../../../src/http/host.ts";

describe("a Host field", () => {
  test.each([
    "localhost",
    "localhost:8080",
    "api.example.com",
    "api.example.com.:443",
    "under_score.test",
    "192.0.2.1:80",
    "[::1]",
    "[2001:DB8::1]:65535",
    "[::ffff:192.0.2.1]",
    "a",
    "example.com:",
    "[::1]:",
    "a:0",
    "a:65535",
    "a!b",
    "a,b",
    "a$&'()*+;=b",
    "a%41b",
    "%C3%A4.test:80",
    "1.2.3.4.5",
  ])("may be %p", (host) => {
    expect(isValidHost(host)).toBe(true);
  });

  test.each([
    "",
    " ",
    "a b",
    "a, b",
    ":",
    ":80",
    "a:b",
    "a:123456",
    "a:65536",
    "a:99999",
    "a:-1",
    "a::",
    "a:80:80",
    "::1",
    "[::1",
    "[]",
    "[g::1]",
    "[::1::2]",
    "[1:2:3:4:5:6:7:8:9]",
    "[::1%25eth0]",
    "[v1.a]",
    "[::1]a",
    "user@host",
    "host/path",
    "host?query",
    "host#fragment",
    "host\\x",
    "a%",
    "a%4",
    "a%zz",
    "a%00b",
    "a%0d%0ab",
    "a%20b",
    "a%2fb",
    "a%5Cb",
    "a%40b",
    "a%3a80",
    "a%25b",
    "a%7F",
    "a\n",
    "a\u0000",
    "ä.test",
  ])("may not be %p", (host) => {
    expect(isValidHost(host)).toBe(false);
  });

  test.each([
    ["localhost", "localhost"],
    ["localhost:8080", "localhost"],
    ["[::1]", "::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["example.com:", "example.com"],
    ["[::1]:", "::1"],
    ["", ""],
  ])("%p names the host %p", (host, name) => {
    expect(hostName(host)).toBe(name);
  });

  test("has a port, or none", () => {
    expect(["a:80", "[::1]:65535", "a", "a:", "[::1]"].map(hostPort)).toEqual([
      80,
      65_535,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("means the same without an empty port", () => {
    expect(["a:", "a:80", "a", "[::1]:", "[::]"].map(withoutEmptyPort)).toEqual([
      "a",
      "a:80",
      "a",
      "[::1]",
      "[::]",
    ]);
  });
});
