import { createHash, createSecretKey, generateKeyPairSync } from "node:crypto";
import { expect, test } from "bun:test";
import { readJwkSet } from "../../../../../src/policies/auth/keys/jwk-set.ts";
import { keySet, SigningKey } from "../../../../support/token-issuer.ts";

const rsa = new SigningKey("RS256", "rsa");
const curve = new SigningKey("ES256", "curve");

function read(...jwks: readonly unknown[]) {
  const { keys, warnings } = readJwkSet(JSON.stringify({ keys: jwks }));
  return { keys: keys.map(({ key }) => ({ id: key.id, for: key.algorithms.join(" ") })), warnings };
}

test.each([
  ["RS256", "RS256 RS384 RS512 PS256 PS384 PS512"],
  ["ES256", "ES256"],
  ["ES384", "ES384"],
  ["ES512", "ES512"],
  ["EdDSA", "EdDSA Ed25519"],
])("a key for %s is one for the algorithms of its type", (algorithm, algorithms) => {
  const { keys, warnings } = read(new SigningKey(algorithm, "1").jwk());
  expect(keys).toEqual([{ id: "1", for: algorithms }]);
  expect(warnings).toEqual([]);
});

test("a key with `alg` is for that algorithm only", () => {
  expect(read(rsa.jwk({ alg: "PS384" })).keys).toEqual([{ id: "rsa", for: "PS384" }]);
  expect(read(new SigningKey("EdDSA").jwk({ alg: "Ed25519" })).keys).toEqual([
    { id: undefined, for: "EdDSA Ed25519" },
  ]);
});

test.each([
  ["for encryption", rsa.jwk({ use: "enc" })],
  ["with an algorithm for encryption", rsa.jwk({ alg: "RSA-OAEP-256" })],
  ["with another type's algorithm", rsa.jwk({ alg: "ES256" })],
  ["with an algorithm for secrets", rsa.jwk({ alg: "HS256" })],
  ["only to sign with", rsa.jwk({ key_ops: ["sign"] })],
  ["of a type that is not known", { kty: "AKP", alg: "ML-DSA-44", pub: "AAAA" }],
  ["on a curve that is not known", { kty: "EC", crv: "secp256k1", x: "AAAA", y: "AAAA" }],
  ["to agree on keys", { kty: "OKP", crv: "X25519", x: "AAAA" }],
])("a key %s is left out without a word, and others are read", (_, jwk) => {
  expect(read(jwk, curve.jwk({ use: "sig", key_ops: ["verify"] }))).toEqual({
    keys: [{ id: "curve", for: "ES256" }],
    warnings: [],
  });
});

const short = generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey;
const allOnes = Buffer.alloc(256, 255).toString("base64url");

test.each([
  ["a secret", createSecretKey(Buffer.alloc(64)).export({ format: "jwk" }), "it is a secret"],
  ["a private key", rsa.private.export({ format: "jwk" }), "it is a private key"],
  ["a short key", short.export({ format: "jwk" }), "it is an RSA key of 1024 bits"],
  [
    "an exponent of 1",
    { kty: "RSA", n: allOnes, e: "AQ" },
    "its RSA exponent is not an odd number",
  ],
  [
    "an even exponent",
    { kty: "RSA", n: allOnes, e: "BA" },
    "its RSA exponent is not an odd number",
  ],
  ["a point off its curve", { ...curve.jwk(), x: "A".repeat(43) }, "its numbers make no key"],
  ["no modulus", { kty: "RSA", e: "AQAB" }, "its numbers make no key"],
  ["text for a key", "key", "it is not an object"],
  ["a number for a kid", rsa.jwk({ kid: 1 }), "its kid is not a text"],
  ["a list for an alg", rsa.jwk({ alg: ["RS256"] }), "its alg is not a text"],
])("%s is ignored with a warning", (_, jwk, warning) => {
  const { keys, warnings } = read(jwk, curve.jwk());
  expect(keys).toEqual([{ id: "curve", for: "ES256" }]);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toStartWith("key 1 of 2 is ignored: ");
  expect(warnings[0]).toContain(warning);
});

test("no warning quotes a secret", () => {
  const k = createHash("sha256").update("secret").digest("base64url");
  const { warnings } = read({ kty: "oct", k }, { ...rsa.private.export({ format: "jwk" }) });
  const { d } = rsa.private.export({ format: "jwk" });
  expect(warnings.join()).not.toContain(k);
  expect(warnings.join()).not.toContain(String(d).slice(0, 20));
});

test("of very many keys the first hundred are used", () => {
  const jwks = Array.from({ length: 1_000 }, (_, index) => curve.jwk({ kid: `${index}` }));
  const { keys, warnings } = read(...jwks);
  expect(keys).toHaveLength(100);
  expect(warnings).toEqual(["only the first 100 of its 1000 keys are used"]);
});

test("a key that is there twice is read once", () => {
  expect(readJwkSet(keySet(rsa, rsa)).keys).toHaveLength(1);
  const known = readJwkSet(keySet(rsa)).keys;
  expect(readJwkSet(keySet(rsa, rsa), known).keys).toEqual([...known]);
});

test("a known key is the same object, whatever else is said of it", () => {
  const known = readJwkSet(keySet(rsa)).keys;
  const [again] = readJwkSet(
    JSON.stringify({ keys: [rsa.jwk({ x5t: "new", use: "sig" })] }),
    known,
  ).keys;
  expect(again?.key).toBe(known[0]?.key);
  const [other] = readJwkSet(JSON.stringify({ keys: [rsa.jwk({ alg: "RS256" })] }), known).keys;
  expect(other?.key).not.toBe(known[0]?.key);
});
