import { expect, test } from "bun:test";
import { isPem, readPem } from "../../../../../src/policies/auth/keys/pem-keys.ts";
import { hasOpenssl, issuedForAll } from "../../../../support/certificates.ts";
import { SigningKey } from "../../../../support/token-issuer.ts";

const rsa = new SigningKey("RS256");
const issued = issuedForAll("issuer", "DNS:issuer.test");

test("a public key is read in both forms that openssl writes", () => {
  for (const type of ["spki", "pkcs1"] as const) {
    const { keys, warnings } = readPem(rsa.public.export({ format: "pem", type }));
    expect(keys.map(({ key }) => key.algorithms)).toEqual([
      ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    ]);
    expect(warnings).toEqual([]);
  }
});

test("of a known key the same object is made", () => {
  const { keys } = readPem(rsa.pem);
  const again = readPem(`${new SigningKey("EdDSA").pem}\n${rsa.pem}`, keys).keys;
  expect(again).toHaveLength(2);
  expect(again[1]).toBe(keys[0]);
});

test.if(hasOpenssl)("a certificate's key is read, and its issuers' are not", () => {
  expect(readPem(issued.cert).keys).toHaveLength(1);
  const { keys } = readPem(`${issued.cert}${issued.ca}`);
  expect(keys.map(({ text }) => text)).toEqual([readPem(issued.cert).keys[0]?.text ?? ""]);
});

test.if(hasOpenssl)("a certificate that signed itself is read", () => {
  expect(readPem(issued.ca).keys).toHaveLength(1);
});

test.each([
  ["a private key", rsa.private.export({ format: "pem", type: "pkcs8" }), "it has a private key"],
  [
    "a private key after a public one",
    `${rsa.pem}${rsa.private.export({ format: "pem", type: "pkcs1" })}`,
    "it has a private key",
  ],
  ["other text", "keys", "it has neither a public key nor a certificate in PEM"],
  [
    "a request for a certificate",
    "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----",
    "it has neither",
  ],
  [
    "a damaged certificate",
    "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
    "its certificate is damaged, or of an unknown type",
  ],
])("%s is refused", (_, pem, reason) => {
  expect(() => readPem(pem)).toThrow(reason);
});

test("a key to agree on keys with is refused", () => {
  const x25519 = `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([
    Buffer.from("302a300506032b656e032100", "hex"),
    Buffer.alloc(32, 9),
  ]).toString("base64")}\n-----END PUBLIC KEY-----`;
  expect(() => readPem(x25519)).toThrow("it is of the type x25519; supported are RSA, Ed25519");
});

test("PEM is distinguished from the name of a file", () => {
  expect(isPem(rsa.pem)).toBe(true);
  expect(isPem("keys/issuer.pem")).toBe(false);
});
