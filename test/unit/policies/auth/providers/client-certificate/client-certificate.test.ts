import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import type { ClientCertificate } from "../../../../../../src/pipeline/client-request.ts";
import { clientCertificateProvider } from "../../../../../../src/policies/auth/providers/client-certificate/client-certificate.ts";
import { Rejection } from "../../../../../../src/policies/auth/provider.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import { openExchange } from "../../../../pipeline/opening.ts";
import { CN, type Made, madeCertificate, O } from "./made-certificates.ts";

function provider(written: unknown, clock = new FakeClock()) {
  const { schema } = clientCertificateProvider;
  const config: unknown = Value.Decode(schema, Value.Default(schema, structuredClone(written)));
  return clientCertificateProvider.create(config, policyServices({ clock }), "devices");
}

/** A request whose connection has this certificate. */
function requestWith(certificate: ClientCertificate | undefined, viaTrustedProxy = false) {
  const tls = { version: "TLSv1.3", serverName: "", certificate, isMisdirected: () => false };
  return openExchange({ request: { connection: { tls } }, client: { viaTrustedProxy } });
}

async function verdictOn(written: unknown, made: Made = {}) {
  return provider(written).authenticate(requestWith(madeCertificate(made)));
}

async function isAccepted(written: unknown, made: Made = {}): Promise<boolean> {
  return !((await verdictOn(written, made)) instanceof Rejection);
}

describe("a certificate is accepted", () => {
  const names: Made["names"] = [
    [0x82, "a.example.com"],
    [0x86, "spiffe://acme/device/7"],
  ];

  test("by any authority of the gateway if nothing else is asked for", async () => {
    expect(await isAccepted(true)).toBe(true);
    expect(await isAccepted({})).toBe(true);
  });

  test("by one of its rules of a kind", async () => {
    expect(await isAccepted({ subjects: ["CN=other", "CN=device-*,O=Acme"] })).toBe(true);
    expect(await isAccepted({ subjects: ["CN=other"] })).toBe(false);
    expect(await isAccepted({ sans: ["uri:spiffe://acme/device/*"] }, { names })).toBe(true);
    expect(await isAccepted({ sans: ["dns:b.example.com"] }, { names })).toBe(false);
    expect(await isAccepted({ issuers: ["CN=ca"] })).toBe(true);
    expect(await isAccepted({ issuers: ["CN=other-ca"] })).toBe(false);
  });

  test("by its fingerprint, however that is written", async () => {
    const { fingerprint } = madeCertificate();
    const pairs = fingerprint.match(/../g) ?? [];
    for (const written of [fingerprint, pairs.join(":").toUpperCase(), `sha256:${fingerprint}`]) {
      expect(await isAccepted({ fingerprints: [written] })).toBe(true);
    }
    expect(await isAccepted({ fingerprints: ["0".repeat(64)] })).toBe(false);
  });

  test("by rules of all kinds that there are", async () => {
    const rules = { subjects: ["CN=device-*"], sans: ["dns:*.example.com"] };
    expect(await isAccepted(rules, { names })).toBe(true);
    expect(await isAccepted(rules)).toBe(false);
    expect(await isAccepted({ ...rules, issuers: ["CN=x"] }, { names })).toBe(false);
  });
});

describe("an accepted certificate says who its client is", () => {
  const names: Made["names"] = [
    [0x82, "a.example.com"],
    [0x86, "spiffe://acme/device/7"],
  ];

  test.each([
    [{}, {}, "device-1"],
    [{}, { names }, "device-1"],
    [{ sans: ["uri:spiffe://acme/**"] }, { names }, "spiffe://acme/device/7"],
    [{}, { subject: [[[CN, "a"]], [[CN, "b"]]] }, "CN=b,CN=a"],
    [{}, { subject: [[[O, "Acme"]]] }, "O=Acme"],
    [{}, { subject: [], names }, "a.example.com"],
  ] as [object, Made, string][])("with %j, of %j: %s", async (written, made, subject) => {
    expect(await verdictOn(written, made)).toMatchObject({ subject });
  });

  test("by its fingerprint if it has no name", async () => {
    const certificate = madeCertificate({ subject: [] });
    expect(await provider(true).authenticate(requestWith(certificate))).toMatchObject({
      subject: certificate.fingerprint,
    });
  });

  test("and what else is in it", async () => {
    const certificate = madeCertificate({ names, serial: [0x0a] });
    expect(await provider(true).authenticate(requestWith(certificate))).toMatchObject({
      claims: {
        subject: "CN=device-1,O=Acme",
        issuer: "CN=ca",
        serial: "0a",
        fingerprint: certificate.fingerprint,
        sans: ["dns:a.example.com", "uri:spiffe://acme/device/7"],
      },
    });
  });
});

describe("there are no credentials of this kind", () => {
  test("without a certificate, or without TLS", async () => {
    expect(await provider(true).authenticate(requestWith(undefined))).toBeUndefined();
    expect(await provider(true).authenticate(openExchange())).toBeUndefined();
  });

  test("in the certificate of a trusted proxy, which is not its client's", async () => {
    const proxied = requestWith(madeCertificate(), true);
    expect(await provider(true).authenticate(proxied)).toBeUndefined();
  });
});

describe("a certificate is refused", () => {
  test("that has expired since its connection began", async () => {
    const clock = new FakeClock();
    const certificate = madeCertificate({ notAfter: "301231235959Z" });
    const strict = provider(true, clock);
    expect(await strict.authenticate(requestWith(certificate))).not.toBeInstanceOf(Rejection);
    clock.advance(Date.UTC(2031, 0, 1) - clock.wall());
    expect(await strict.authenticate(requestWith(certificate))).toMatchObject({
      reason: "the client's certificate has expired",
    });
  });

  test("that cannot be read", async () => {
    const damaged = { ...madeCertificate(), der: new Uint8Array([0x30]) };
    expect(await provider(true).authenticate(requestWith(damaged))).toBeInstanceOf(Rejection);
  });
});

test("a client without one is told what would be one", () => {
  expect(provider(true).challenge()).toBe('ClientCertificate realm="devices"');
});

describe("a rule that cannot be one is refused", () => {
  test.each([
    [{ fingerprints: ["ab:cd"] }, "a SHA-256 fingerprint has 64 hexadecimal digits"],
    [{ fingerprints: ["0".repeat(40)] }, "this is a SHA-1 fingerprint; write that of SHA-256"],
    [{ subjects: ["device-1"] }, "`device-1` is not an attribute with its value"],
  ])("%j", (written, message) => {
    expect(() => provider(written)).toThrow(message);
  });
});
