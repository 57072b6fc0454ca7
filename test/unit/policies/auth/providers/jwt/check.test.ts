import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { jwt } from "../../../../../../src/policies/auth/providers/jwt/jwt.ts";
import { hasOpenssl, makeAuthority } from "../../../../../support/certificates.ts";
import { keySet, SigningKey } from "../../../../../support/token-issuer.ts";
import { printed, ROUTE } from "../../../../config/loading.ts";
import { decode, issuesOf } from "../../../chain.ts";

const { global } = authPolicy([jwt]);
const folder = mkdtempSync(join(tmpdir(), "jwt-check-"));
afterAll(() => rmSync(folder, { recursive: true }));
const rsa = new SigningKey("RS256", "rsa");
const curve = new SigningKey("ES256", "curve");
const SECRET = "x".repeat(64);
const jwks = "https://issuer.test/keys";

function fileOf(content: string): string {
  const file = join(folder, `${Bun.hash(content)}`);
  writeFileSync(file, content);
  return file;
}

function problems(config: object): unknown[] {
  return issuesOf(global, { corp: { jwt: config } }).map(({ path, message, severity }) => [
    path.slice(2).join("."),
    message.replaceAll(folder, ""),
    ...(severity === undefined ? [] : [severity]),
  ]);
}

test.each<[string, object]>([
  ["a URL", { jwks }],
  ["a URL without https on this machine", { jwks: "http://127.0.0.1:1/keys" }],
  ["a file", { jwks: fileOf(keySet(rsa)) }],
  ["a public key", { public_key: [rsa.pem] }],
  ["a file with a public key", { public_key: [fileOf(rsa.pem)], algorithms: ["RS256", "PS512"] }],
  ["a public key with written line breaks", { public_key: [rsa.pem.replaceAll("\n", "\\n")] }],
  ["a secret", { secret: SECRET, algorithms: ["HS256", "HS512"] }],
  ["a secret in base64", { secret: { base64: Buffer.from(SECRET).toString("base64url") } }],
  ["requirements", { jwks, require: { sub: [true], exp: [false], role: ["a", 1] } }],
])("%s is fine", (_, config) => {
  expect(problems(config)).toEqual([]);
});

test.if(hasOpenssl)("a URL with authorities is fine", async () => {
  await makeAuthority(folder, "ca");
  expect(problems({ jwks: { url: jwks, ca: join(folder, "ca.pem") } })).toEqual([]);
});

const short = generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey;
const privatePem = rsa.private.export({ format: "pem", type: "pkcs8" });

test.each<[string, object, string, string]>([
  ["no keys", {}, "", "the keys are missing: write `jwks`, `public_key` or `secret`"],
  [
    "two kinds of keys",
    { jwks, secret: SECRET },
    "",
    "the keys come from one place; keep one of `jwks` and `secret`",
  ],
  [
    "a URL of another scheme",
    { jwks: "ftp://issuer.test/keys" },
    "jwks",
    "not a URL of http or https",
  ],
  [
    "a URL of a file",
    { jwks: "file:///etc/keys.json" },
    "jwks",
    "a file is named without `file://`",
  ],
  ["a URL that is none", { jwks: { url: "keys.json" } }, "jwks.url", "not a URL of http or https"],
  [
    "a password",
    { jwks: "https://me:me@issuer.test" },
    "jwks",
    "a URL of public keys needs no user and no password",
  ],
  [
    "no such file",
    { jwks: "/nowhere/keys.json" },
    "jwks",
    "/nowhere/keys.json does not exist; relative paths start at the working directory",
  ],
  [
    "a file without keys",
    { jwks: fileOf("{}") },
    "jwks",
    "cannot be used: it is no JWK Set: an object with a list `keys`",
  ],
  [
    "authorities that are none",
    { jwks: { url: jwks, ca: fileOf("x") } },
    "jwks.ca",
    "has no certificate in PEM",
  ],
  [
    "a private key",
    { public_key: [privatePem] },
    "public_key.0",
    "the text cannot be used: it has a private key, and the public one is enough; `openssl pkey -in private.pem -pubout` prints that",
  ],
  [
    "a file without a key",
    { public_key: [fileOf("key")] },
    "public_key.0",
    "cannot be used: it has neither a public key nor a certificate in PEM",
  ],
  [
    "a damaged key",
    { public_key: ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] },
    "public_key.0",
    "the text cannot be used: its public key is damaged, or of an unknown type",
  ],
  [
    "a short key",
    { public_key: [short.export({ format: "pem", type: "spki" })] },
    "public_key.0",
    "the text cannot be used: it is an RSA key of 1024 bits, and fewer than 2048 are not safe",
  ],
  [
    "a short secret",
    { secret: "secret" },
    "secret",
    "the secret has 6 bytes, and 32 are the least for HS256; `openssl rand -base64 32` makes one",
  ],
  [
    "a secret too short for an algorithm",
    { secret: "x".repeat(40), algorithms: ["HS256", "HS512"] },
    "secret",
    "the secret has 40 bytes, and 64 are the least for HS256, HS512; `openssl rand -base64 64` makes one",
  ],
  [
    "HMAC with public keys",
    { jwks, algorithms: ["RS256", "HS256"] },
    "algorithms.1",
    "HS256 needs a `secret`; with a public key for one, everybody could make tokens",
  ],
  [
    "a public key's algorithm with a secret",
    { secret: SECRET, algorithms: ["RS256"] },
    "algorithms.0",
    "RS256 needs public keys: `jwks` or `public_key`, not a `secret`",
  ],
  [
    "an algorithm that no key is for",
    { public_key: [curve.pem], algorithms: ["ES256", "ES384"] },
    "algorithms.1",
    "no key is for ES384; the keys are for ES256",
  ],
  [
    "an expiry with a value",
    { jwks, require: { exp: [17] } },
    "require.exp",
    "`exp` is either true, the default, or false",
  ],
  [
    "a registered claim that is not needed",
    { jwks, require: { sub: [false] } },
    "require.sub",
    "a token needs no `sub` unless it is required; leave it out",
  ],
])("%s is a mistake", (_, config, path, message) => {
  const [first, ...others] = problems(config);
  expect(others).toEqual([]);
  expect((first as string[])[0]).toBe(path);
  expect((first as string[])[1]).toEndWith(message);
});

test.each<[string, object, string, string]>([
  [
    "keys without https",
    { jwks: "http://issuer.test/keys" },
    "jwks",
    "without https, anyone on the network path can send keys of their own, and then make tokens",
  ],
  [
    "keys that are left out",
    { jwks: fileOf(JSON.stringify({ keys: [rsa.jwk(), { kty: "oct", k: "AAAA" }] })) },
    "jwks",
    "key 2 of 2 is ignored: it is a secret, which a key set must not have",
  ],
])("%s are a warning", (_, config, path, message) => {
  const [first, ...others] = problems(config);
  expect(others).toEqual([]);
  expect(first).toEqual([path, expect.stringContaining(message), "warning"]);
});

test.each([
  [{ jwks, algorithms: ["none"] }],
  [{ jwks, algorithms: ["rs256"] }],
  [{ jwks, algorithms: [] }],
  [{ jwks, audience: [] }],
  [{ jwks, issuer: [""] }],
  [{ jwks, from: ["body"] }],
  [{ jwks, require: { sub: [] } }],
  [{ jwks, type: "at jwt" }],
  [{ secret: { base64: "a b" } }],
])("%p does not fit the schema", (config) => {
  expect(() => decode(global, { corp: { jwt: config } })).toThrow();
});

test.each([
  ["none", "a token without a signature proves nothing"],
  ["rs256", "write `RS256`"],
  ["MD5", "expected"],
])("an algorithm that is none, %s, is refused with what to write", (algorithm, told) => {
  const provider = `jwt: { jwks: "${jwks}", algorithms: [${algorithm}], audience: [a], issuer: b }`;
  expect(printed(`auth: { corp: { ${provider} } }\n${ROUTE}`)).toContain(told);
});
