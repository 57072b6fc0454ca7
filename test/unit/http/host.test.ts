import { describe, expect, test } from "bun:test";
import { hostName, isValidHost } from "../../../src/http/host.ts";

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
  ])("may be %p", (host) => {
    expect(isValidHost(host)).toBe(true);
  });

  test.each([
    "",
    " ",
    "a b",
    "a, b",
    "a,b",
    "a:",
    "a:b",
    "a:123456",
    "a:80:80",
    "::1",
    "[::1",
    "[]",
    "[g::1]",
    "user@host",
    "host/path",
    "host?query",
    "host#fragment",
    "host\\x",
    "%61",
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
    ["", ""],
  ])("%p names the host %p", (host, name) => {
    expect(hostName(host)).toBe(name);
  });
});
