import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasOpenssl, issue, makeAuthority } from "../../support/certificates.ts";
import { warningsIn } from "./loading.ts";

let folder: string;

function warnings(hosts: string, server: string, tls = "") {
  const files = `[{ certificate: ${folder}/a.pem, key: ${folder}/a.key }]`;
  return warningsIn(
    `server:\n  ${server}\n  tls: { certificates: ${files}${tls} }\nroutes:\n  - path: /a\n    backends: [http://a]\n    hosts: [${hosts}]\n`,
  );
}

describe.skipIf(!hasOpenssl)("where clients must use TLS, a route's hosts", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gateway-host-certificates-"));
    await makeAuthority(folder, "ca");
    await issue(folder, "a", "DNS:a.test,DNS:*.b.test,IP:192.0.2.1,IP:::1");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    "A.test",
    "x.b.test",
    "'*.b.test'",
    "'*.test'",
    "192.0.2.1",
    "'[0::1]'",
    "c.test, a.test",
  ])("may be %s if a certificate covers one of them", (hosts) => {
    expect(warnings(hosts, "port: off")).toEqual([]);
  });

  test.each([
    ["b.test", "no certificate of `server.tls` is for `b.test`, and clients must use TLS"],
    ["x.y.b.test, c.test", "no certificate of `server.tls` is for any of these hosts, and clients"],
    ["'*.c.test'", "no certificate of `server.tls` is for `*.c.test`, and clients must use TLS"],
  ])("are warned of if none does: %s", (hosts, message) => {
    expect(warnings(hosts, "port: off")).toEqual([expect.stringContaining(message)]);
    expect(warnings(hosts, "port: 80", ", redirect: true")).toHaveLength(1);
  });

  test("may be any if there is a port without TLS, or an issuer for them", () => {
    expect(warnings("c.test", "port: 80")).toEqual([]);
    const issuer = `, acme: { domains: [c.test], email: a@c.test, directory: "https://acme.test/d", storage: ${folder}/acme }`;
    expect(warnings("c.test", "port: 80", `${issuer}, redirect: true`)).toEqual([]);
  });
});
