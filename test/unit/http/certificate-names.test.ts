import { describe, expect, test } from "bun:test";
import {
  CertificateNames,
  subjectAltNames,
  wildcardOf,
} from "../../../src/http/certificate-names.ts";

describe("a certificate covers", () => {
  const names = new CertificateNames([
    "API.example.com",
    "*.example.org",
    "10.0.0.1",
    "0:0:0:0:0:0:0:1",
  ]);

  test.each([
    "api.example.com",
    "API.Example.com",
    "api.example.com.",
    "a.example.org",
    "10.0.0.1",
  ])("%s", (host) => expect(names.cover(host)).toBe(true));

  test("an address in any spelling", () => {
    for (const host of ["::1", "0:0::1", "::ffff:10.0.0.1"]) expect(names.cover(host)).toBe(true);
  });

  test.each([
    "example.com",
    "b.example.com",
    "example.org",
    "a.b.example.org",
    "*",
    "",
    "10.0.0.2",
  ])("not %p", (host) => expect(names.cover(host)).toBe(false));

  test("no address by a wildcard", () => {
    expect(new CertificateNames(["*.0.0.1"]).cover("10.0.0.1")).toBe(false);
  });
});

test("a wildcard stands for the first of several labels", () => {
  expect(wildcardOf("a.b.example")).toBe("*.b.example");
  expect(wildcardOf("localhost")).toBeUndefined();
  expect(wildcardOf(".b")).toBeUndefined();
  expect(wildcardOf("127.0.0.1")).toBeUndefined();
});

describe("names in a subjectAltName", () => {
  test("are those of hosts and addresses", () => {
    const text =
      "DNS:a.test, IP Address:0:0:0:0:0:0:0:1, email:x@y.z, DNS:*.b.test, URI:http://c, IP Address:10.0.0.1";
    expect(subjectAltNames(text)).toEqual(["a.test", "0:0:0:0:0:0:0:1", "*.b.test", "10.0.0.1"]);
  });

  test("cannot be made up inside another one", () => {
    expect(
      subjectAltNames('URI:"http://x/, DNS:evil.test", DNS:"a\\u0000, DNS:evil.test"'),
    ).toEqual([]);
    expect(subjectAltNames('DNS:"a\\", DNS:evil.test", DNS:b')).toEqual(["b"]);
  });

  test("may be missing", () => expect(subjectAltNames(undefined)).toEqual([]));
});
