import { describe, expect, test } from "bun:test";
import { AllowedOrigins, readOrigin } from "../../../src/policies/origins.ts";

describe("an origin in the configuration", () => {
  test.each([
    ["https://app.example.com", "https://app.example.com"],
    ["HTTPS://App.Example.COM", "https://app.example.com"],
    ["https://example.com:443", "https://example.com"],
    ["http://example.com:80", "http://example.com"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["http://[::1]:3000", "http://[::1]:3000"],
    ["https://münchen.example", "https://xn--mnchen-3ya.example"],
    ["chrome-extension://AbCdEf", "chrome-extension://abcdef"],
    ["https://*.example.com", "https://*.example.com"],
    ["https://*.Example.com:443", "https://*.example.com"],
    ["http://*.localhost:3000", "http://*.localhost:3000"],
    ["*", "*"],
    ["null", "null"],
  ])("%s is read as %s", (written, origin) => {
    expect(readOrigin(written)).toBe(origin);
  });

  test.each([
    ["example.com", "a scheme and a host"],
    ["//example.com", "a scheme and a host"],
    ["", "a scheme and a host"],
    ["https://", "a scheme and a host"],
    ["https://user@example.com", "a scheme and a host"],
    ["https://exam ple.com", "a scheme and a host"],
    ["https://example.com/", "write `https://example.com`"],
    ["https://Example.com:8443/app?x#y", "write `https://Example.com:8443`"],
    ["https://example.com:port", "not a host with an optional port"],
    ["https://example.com:70000", "not a host with an optional port"],
    ["https://*", "a `*` stands for the first label"],
    ["https://app.*.com", "a `*` stands for the first label"],
    ["https://*.*.com", "a `*` stands for the first label"],
    ["https://*app.example.com", "a `*` stands for the first label"],
    ["https://*.example.com:port", "not a host with an optional port"],
  ])("%p is refused: %s", (written, problem) => {
    expect(readOrigin(written)).toEqual({ problem: expect.stringContaining(problem) });
  });
});

describe("allowed origins", () => {
  test("an exact origin is allowed as it is and in no other spelling", () => {
    const origins = new AllowedOrigins(["https://app.example.com"]);
    expect(origins.has("https://app.example.com")).toBe(true);
    for (const stranger of [
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://app.example.com/",
      "https://APP.example.com",
      "https://app.example.com.evil.test",
      "https://evil.test",
      "app.example.com",
      "null",
      "",
    ]) {
      expect(origins.has(stranger)).toBe(false);
    }
  });

  test("a pattern allows one label in place of its wildcard", () => {
    const origins = new AllowedOrigins(["https://*.example.com"]);
    expect(origins.has("https://app.example.com")).toBe(true);
    expect(origins.has("https://app-2.example.com")).toBe(true);
    for (const stranger of [
      "https://example.com",
      "https://.example.com",
      "https://a.b.example.com",
      "https://evil.test/.example.com",
      "https://evil.test#.example.com",
      "https://user@evil.example.com",
      "https://evilexample.com",
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://app.example.com.evil.test",
      "https://*.example.com",
    ]) {
      expect(origins.has(stranger)).toBe(false);
    }
  });

  test("the opaque origin is allowed only where it is listed", () => {
    expect(new AllowedOrigins(["null"]).has("null")).toBe(true);
    expect(new AllowedOrigins(["https://app.example.com"]).has("null")).toBe(false);
  });

  test("with a lone star every origin is allowed", () => {
    const origins = new AllowedOrigins(["https://app.example.com", "*"]);
    expect(origins.any).toBe(true);
    expect(origins.has("https://evil.test")).toBe(true);
  });
});
