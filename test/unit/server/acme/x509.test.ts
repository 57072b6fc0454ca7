import { describe, expect, test } from "bun:test";
import { createPublicKey, X509Certificate } from "node:crypto";
import {
  elementsOf,
  integer,
  objectIdentifier,
  sequence,
  time,
} from "../../../../src/server/acme/der.ts";
import {
  certificationRequest,
  challengeCertificate,
  newKey,
  placeholderCertificate,
  renewalId,
} from "../../../../src/server/acme/x509.ts";
import { hasOpenssl } from "../../../support/certificates.ts";
import { FakeIssuer } from "../../../support/fake-issuer.ts";

const NOW = Date.UTC(2026, 0, 1);

describe("DER", () => {
  test("writes numbers, identifiers and lengths as X.690 does", () => {
    expect(integer(Buffer.from([0, 0, 0x7f])).toString("hex")).toBe("02017f");
    expect(integer(Buffer.from([0x80])).toString("hex")).toBe("02020080");
    expect(integer(Buffer.from([0])).toString("hex")).toBe("020100");
    expect(objectIdentifier("1.2.840.113549.1.9.14").toString("hex")).toBe(
      "06092a864886f70d01090e",
    );
    expect(sequence(Buffer.alloc(200)).subarray(0, 3).toString("hex")).toBe("3081c8");
    expect(sequence(Buffer.alloc(300)).subarray(0, 4).toString("hex")).toBe("3082012c");
  });

  test("writes times before 2050 with two digits of the year and later ones with four", () => {
    expect(
      time(Date.UTC(2049, 11, 31, 23, 59, 59, 999))
        .subarray(2)
        .toString(),
    ).toBe("491231235959Z");
    expect(
      time(Date.UTC(2050, 0, 1))
        .subarray(2)
        .toString(),
    ).toBe("20500101000000Z");
  });

  test("refuses elements that are longer than the bytes around them", () => {
    expect(() => elementsOf(Buffer.from([0x30, 5, 1]))).toThrow("longer");
    expect(() => elementsOf(Buffer.from([0x30, 0x85, 1, 1, 1, 1, 1, 1]))).toThrow("range");
  });
});

describe("certificates that the gateway makes", () => {
  test("the placeholder is for its name, fits its key and is valid for a year", () => {
    const { certificate, key } = placeholderCertificate("api.example.com", NOW);
    const read = new X509Certificate(certificate);
    expect(read.checkHost("api.example.com")).toBe("api.example.com");
    expect(read.verify(createPublicKey(key))).toBe(true);
    expect(Date.parse(read.validTo) - NOW).toBe(365 * 24 * 60 * 60 * 1_000);
    expect(renewalId(read)).toBeUndefined();
  });

  test("the one for TLS-ALPN-01 has the digest in a critical extension", () => {
    const { certificate } = challengeCertificate("api.example.com", "token.thumbprint", NOW);
    const digest = new Bun.CryptoHasher("sha256").update("token.thumbprint").digest("hex");
    expect(new X509Certificate(certificate).raw.toString("hex")).toContain(
      // acmeIdentifier, critical, an octet string in an octet string.
      `06082b0601050507011f0101ff04220420${digest}`,
    );
  });

  test("an issuer's is named by its authority's key and its serial number", () => {
    const issuer = new FakeIssuer({});
    const spki = createPublicKey(newKey()).export({ type: "spki", format: "der" });
    const certificate = new X509Certificate(issuer.issue(["a.example"], spki));
    const [, serial = ""] = renewalId(certificate)?.split(".") ?? [];
    expect(BigInt(`0x${Buffer.from(serial, "base64url").toString("hex")}`)).toBe(
      BigInt(`0x${certificate.serialNumber}`),
    );
  });

  test.skipIf(!hasOpenssl)("openssl finds their signatures right", async () => {
    const request = certificationRequest(newKey(), ["a.example", "b.example"]);
    const said = await openssl(["req", "-inform", "DER", "-verify", "-noout", "-text"], request);
    expect(said).toContain("verify OK");
    expect(said).toContain("DNS:a.example, DNS:b.example");
    const { certificate } = placeholderCertificate("a.example", NOW);
    expect(await openssl(["x509", "-noout", "-text"], Buffer.from(certificate))).toContain(
      "Subject: CN = placeholder",
    );
  });
});

async function openssl(arguments_: readonly string[], input: Uint8Array): Promise<string> {
  const child = Bun.spawn(["openssl", ...arguments_], {
    stdin: input,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return out + errors;
}
