import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isValidHost } from "../../../src/http/host.ts";
import { comparableHost, parentsOf, parseHostPattern } from "../../../src/http/host-pattern.ts";

describe("a request's host is compared", () => {
  test.each([
    ["in lower case and without its port", "API.Example.COM:8080", "api.example.com"],
    ["without trailing dots", "api.example.com..:80", "api.example.com"],
    ["with its escapes decoded", "%41pi%2Eexample.com", "api.example.com"],
    [
      "with an international name in its ASCII form",
      "b%C3%BCcher.example",
      "xn--bcher-kva.example",
    ],
    ["with an IPv6 address in its shortest form", "[2001:DB8:0:0::1]:443", "2001:db8::1"],
    ["with an IPv4-mapped address as IPv4", "[::ffff:c000:201]", "192.0.2.1"],
    ["as it is if its escapes are not UTF-8", "a%ff.example.com", "a%ff.example.com"],
  ])("%s", (_how, sent, compared) => {
    expect(isValidHost(sent)).toBeTrue();
    expect(comparableHost(sent)).toBe(compared);
  });

  test("as none if it is longer than a name can be", () => {
    expect(comparableHost(`${"a.".repeat(30_000)}example.com`)).toBe("");
    expect(comparableHost(`${"a.".repeat(130)}example.com`)).toBe("");
    expect(comparableHost("")).toBe("");
  });

  test("alike however it is spelled", () => {
    const spelling = fc.stringMatching(/^[a-z0-9_-]{1,5}(?:\.[a-z0-9_-]{1,5}){0,3}$/);
    const spelled = fc.array(fc.nat(2), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(spelling, spelled, fc.constantFrom("", ".", ":80", ".:1"), (name, how, end) => {
        const characters = Array.from(name, (character, at) => {
          if (how[at] === 0) return character.toUpperCase();
          return how[at] === 1 ? character : `%${character.charCodeAt(0).toString(16)}`;
        });
        const sent = `${characters.join("")}${end}`;
        expect(comparableHost(sent)).toBe(name);
      }),
    );
  });
});

describe("a host is below", () => {
  test("its parents, the longest first", () => {
    expect(parentsOf("a.b.example.com")).toEqual(["b.example.com", "example.com", "com"]);
    expect(parentsOf("localhost")).toEqual([]);
  });

  test("nothing if it is an address", () => {
    expect(parentsOf("192.0.2.1")).toEqual([]);
    expect(parentsOf("2001:db8::1")).toEqual([]);
  });

  test.each([
    "a,b.example.com",
    ".example.com",
    "a b.example.com",
    "%.example.com",
    "ü.example.com",
  ])("nothing if what stands for the wildcard is no label: %s", (host) => {
    expect(parentsOf(host)).toEqual([]);
    expect(parentsOf(`x.${host}`)).toEqual([host]);
  });
});

describe("the host of a route", () => {
  test.each([
    ["api.example.com", "api.example.com"],
    ["API.Example.com.", "api.example.com"],
    ["*.Example.com", "*.example.com"],
    ["*.com", "*.com"],
    ["_x-1.localhost", "_x-1.localhost"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["*.bücher.example", "*.xn--bcher-kva.example"],
    ["192.0.2.1", "192.0.2.1"],
    ["[2001:DB8:0::1]", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
  ])("%s is read as %s", (written, host) => {
    expect(parseHostPattern(written)).toBe(host);
  });

  test.each([
    ["https://api.example.com/x", 'a host has no scheme; write "api.example.com"'],
    ["api.example.com:8080", 'a host is matched whatever its port; write "api.example.com"'],
    ["[::1]:8080", 'a host is matched whatever its port; write "[::1]"'],
    ["api.example.com/v1", "a host has no path; the path is matched by `path`"],
    ["*", "a route without `hosts` is for every host; leave the key out"],
    ["_", "a route without `hosts` is for every host; leave the key out"],
    [".example.com", 'write "example.com" and "*.example.com"'],
    ["*example.com", '"*" must be the whole first label, as in "*.example.com"'],
    ["www.*", '"*" must be the whole first label, as in "*.example.com"'],
    ["a.*.example.com", '"*" must be the whole first label, as in "*.example.com"'],
    ["*.*.example.com", '"*" must be the whole first label, as in "*.example.com"'],
    ["~^www\\d+", "hosts are not matched by regular expressions; write them out, or"],
    ["{tenant}.example.com", 'a host has no parameters; write "*.example.com"'],
    ["a b", '"a b" is not a host: between the dots of a name are letters, digits'],
    ["a..b", '"a..b" is not a host: between the dots of a name are letters, digits'],
    ["*.192.0.2.1", "no host is below an address"],
    [`${"a".repeat(64)}.example`, "it is too long for a host"],
    ["...", "a host has at least one character"],
  ])("cannot be %s", (written, message) => {
    const problem = parseHostPattern(written);
    expect(typeof problem === "string" ? problem : problem.message).toStartWith(message);
  });

  test("that is read can be asked for, and is then compared as it was read", () => {
    const written = fc.stringMatching(/^(?:\*\.)?[A-Za-z0-9_.-]{1,20}$/);
    fc.assert(
      fc.property(written, (text) => {
        const host = parseHostPattern(text);
        if (typeof host !== "string") return;
        const asked = host.replace("*", "x");
        expect(isValidHost(asked)).toBeTrue();
        expect(comparableHost(asked)).toBe(asked);
        if (host !== asked) expect(parentsOf(asked)[0]).toBe(host.slice(2));
      }),
    );
  });
});
