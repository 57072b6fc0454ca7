import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CertificateError,
  certificateWarnings,
  readCertificate,
} from "../../../src/config/certificate-files.ts";
import { hasOpenssl, issue, makeAuthority, openssl } from "../../support/certificates.ts";

const HOUR_MS = 3_600_000;
let folder: string;

const pem = (name: string) => join(folder, name);
const read = (certificate: string, key: string) =>
  readCertificate({ certificate: pem(certificate), key: pem(key) });
const textOf = (name: string) => Bun.file(pem(name)).text();

function problemOf(certificate: string, key: string): string[] | undefined {
  try {
    read(certificate, key);
  } catch (error) {
    if (error instanceof CertificateError) return [error.place, error.message];
    throw error;
  }
  return undefined;
}

describe.skipIf(!hasOpenssl)("a certificate's files", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gateway-certificates-"));
    await makeAuthority(folder, "ca");
    await issue(folder, "own", "DNS:a.test,DNS:*.b.test,IP:::1");
    await issue(folder, "other", "DNS:other.test");
    await openssl(folder, "pkcs8 -topk8 -in own.key -passout pass:secret -out encrypted.key");
    await openssl(
      folder,
      "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out unusual.key",
    );
    writeFileSync(pem("chain.pem"), `${await textOf("own.pem")}${await textOf("ca.pem")}`);
    writeFileSync(pem("reversed.pem"), `${await textOf("ca.pem")}${await textOf("own.pem")}`);
    writeFileSync(pem("both.pem"), `${await textOf("own.key")}${await textOf("own.pem")}`);
    const damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    writeFileSync(pem("damaged.pem"), `${await textOf("own.pem")}${damaged}`);
    writeFileSync(pem("empty.pem"), "");
    await openssl(folder, "x509 -in own.pem -outform DER -out own.der");
    writeFileSync(pem("own.p12"), await Bun.file(pem("own.der")).bytes());
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["own.pem", "own.key"],
    ["chain.pem", "own.key"],
    ["both.pem", "both.pem"],
  ])("may be %s and %s", (certificate, key) => {
    expect(read(certificate, key).names.all).toEqual(["a.test", "*.b.test", "::1"]);
  });

  test.each([
    ["none.pem", "own.key", "certificate", "does not exist; relative paths start"],
    ["own.pem", "none.key", "key", "does not exist; relative paths start"],
    [".", "own.key", "certificate", "is not a file"],
    ["empty.pem", "own.key", "certificate", "has no certificate in PEM"],
    ["own.key", "own.pem", "certificate", "has no certificate in PEM, but a private key; name"],
    ["own.csr", "own.key", "certificate", "has no certificate in PEM, but a request for one"],
    ["own.der", "own.key", "certificate", "convert it by `openssl x509 -inform DER -in"],
    ["own.p12", "own.key", "certificate", "take it out of PKCS #12 by `openssl pkcs12"],
    ["own.pem", "own.pem", "key", "has no private key in PEM"],
    ["damaged.pem", "own.key", "certificate", "certificate 2 in"],
    ["own.pem", "other.key", "key", "is not the key of the certificate in"],
    ["reversed.pem", "own.key", "certificate", "the key belongs to certificate 2 in"],
    ["own.pem", "encrypted.key", "key", "openssl pkey -in"],
    ["own.pem", "unusual.key", "key", "openssl genpkey -algorithm EC"],
  ])("cannot be %s and %s", (certificate, key, place, message) => {
    expect(problemOf(certificate, key)).toEqual([place, expect.stringContaining(message)]);
  });
});

describe.skipIf(!hasOpenssl)("a certificate is warned of", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gateway-certificates-"));
    await makeAuthority(folder, "ca");
    await issue(folder, "own", "DNS:a.test");
    await openssl(
      folder,
      "req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.pem -days 2 -subj /CN=weak",
    );
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const warnings = (hours: number, name = "own") =>
    certificateWarnings(read(`${name}.pem`, `${name}.key`), Date.now() + hours * HOUR_MS);

  test("not while it is good for long", () => expect(warnings(1)).toEqual([]));

  test.each([
    [-1, "it is not valid before"],
    [40, "it expires on"],
    [49, "it expired on"],
  ])("%i hours from now: %s", (hours, message) => {
    expect(warnings(hours)).toEqual([
      { place: "certificate", message: expect.stringContaining(message) },
    ]);
  });

  test("if it names no host, and if its key is weak", () => {
    expect(warnings(1, "weak")).toEqual([
      { place: "certificate", message: expect.stringContaining("it names no host") },
      { place: "key", message: expect.stringContaining("an RSA key of 1024 bits is too weak") },
    ]);
  });
});
