import { describe, expect, test } from "bun:test";
import { AlternativeNamePattern } from "../../../../../../src/policies/auth/providers/client-certificate/alternative-names.ts";

type Kind = "dns" | "email" | "uri" | "ip";

describe("a rule for alternative names", () => {
  test.each([
    ["dns:*.example.com", "dns", "a.example.com", true],
    ["dns:*.example.com", "dns", "A.Example.COM.", true],
    ["DNS:dev-*.example.com", "dns", "dev-1.example.com", true],
    ["dns:*.example.com", "dns", "a.b.example.com", false],
    ["dns:*.example.com", "dns", "example.com", false],
    ["dns:*.example.com", "dns", "a.example.com.evil.test", false],
    ["dns:*.example.com", "dns", ".example.com", false],
    ["dns:*.example.com", "uri", "a.example.com", false],
    ["dns:a.example.com", "dns", "*.example.com", false],
    ["dns:a.example.com", "dns", "a.example.com\0.evil.test", false],
    ["email:*@example.com", "email", "ada@example.com", true],
    ["email:*@example.com", "email", "ada@Example.com", true],
    ["email:ada@*.example.com", "email", "ada@x.example.com", true],
    ["email:*@example.com", "email", "ada@evil.test@example.com", true],
    ["email:*@example.com", "email", "ada@example.com@evil.test", false],
    ["email:ada@example.com", "email", "Ada@example.com", false],
    ["email:*@example.com", "email", "@example.com", false],
    ["uri:spiffe://acme/device/*", "uri", "spiffe://acme/device/7", true],
    ["uri:spiffe://acme/device/*", "uri", "spiffe://acme/device/7/admin", false],
    ["uri:spiffe://acme/device/*", "uri", "spiffe://acme/device/", false],
    ["uri:spiffe://acme/**", "uri", "spiffe://acme/device/7", true],
    ["uri:spiffe://acme/**", "uri", "spiffe://acme", false],
    ["uri:spiffe://acme/**", "uri", "spiffe://acme.evil.test/device", false],
    ["uri:urn:device:*", "uri", "urn:device:7", true],
    ["ip:10.0.0.0/8", "ip", "10.1.2.3", true],
    ["IP Address:10.1.2.3", "ip", "10.1.2.3", true],
    ["ip:2001:db8::/32", "ip", "2001:db8::7", true],
    ["ip:10.0.0.0/8", "dns", "10.1.2.3", false],
    ["ip:10.0.0.0/8", "ip", "11.1.2.3", false],
  ] as [string, Kind, string, boolean][])("%s takes %s %s: %p", (written, kind, value, taken) => {
    expect(new AlternativeNamePattern(written).matches({ kind, value })).toBe(taken);
  });

  test.each([
    [
      "a.example.com",
      "`a.example.com` does not say what it is; write dns:, email:, uri: or ip: before the name",
    ],
    [
      "spiffe://acme/x",
      "`spiffe://acme/x` does not say what it is; write dns:, email:, uri: or ip: before the name",
    ],
    ["dns:", "`dns:` does not say what it is; write dns:, email:, uri: or ip: before the name"],
    ["dns:a..b", "`a..b` is not the name of a host, with * in a label of it"],
    ["dns:a/b", "`a/b` is not the name of a host, with * in a label of it"],
    ["email:example.com", "`example.com` is not a mail address, like *@example.com"],
    ["uri:/device", "`/device` is not a URI, like spiffe://example.com/device/*"],
    ["ip:10.0.0.*", "`10.0.0.*` is neither an address nor a network, like 10.0.0.0/8"],
  ])("%s is refused", (written, message) => {
    expect(() => new AlternativeNamePattern(written)).toThrow(message);
  });
});
