import { createHmac } from "node:crypto";
import { describe, expect, test } from "bun:test";
import { part, SigningKey, unsigned } from "../../../../../support/token-issuer.ts";
import { invalid, JwtRoute } from "./jwt-route.ts";

const ASYMMETRIC = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const keys = new Map(ASYMMETRIC.map((name) => [name, new SigningKey(name)]));
const rsa = keys.get("RS256")!;
const SECRET = "0123456789abcdef".repeat(4);

describe.each([...keys])("a token signed with %s", (name, key) => {
  test("is accepted with its public key", async () => {
    const route = new JwtRoute({ public_key: [key.pem] });
    expect(await route.with(key)).toMatchObject({ status: 200 });
  });

  test("is accepted by a list with its algorithm, and refused by one without", async () => {
    const others = name.startsWith("RS") ? ["PS256"] : ["RS256"];
    expect(
      await new JwtRoute({ public_key: [key.pem], algorithms: [name] }).with(key),
    ).toMatchObject({
      status: 200,
    });
    expect(
      await new JwtRoute({ public_key: [key.pem], algorithms: others }).with(key),
    ).toMatchObject(invalid("the token's algorithm is not accepted"));
  });

  test("is refused when anything of it has changed", async () => {
    const route = new JwtRoute({ public_key: [key.pem] });
    const token = await key.sign(route.claims());
    const [head = "", , signature = ""] = token.split(".");
    const [, other = ""] = (await key.sign(route.claims({ sub: "mallory" }))).split(".");
    expect(await route.ask([head, other, signature].join("."))).toMatchObject(
      invalid("the token's signature is wrong"),
    );
    const flipped = `${token.slice(0, -10)}${token.at(-10) === "A" ? "B" : "A"}${token.slice(-9)}`;
    expect(await route.ask(flipped)).toMatchObject({ status: 401 });
  });

  test("is refused with another's key of the same kind", async () => {
    const route = new JwtRoute({ public_key: [new SigningKey(name).pem] });
    expect(await route.with(key)).toMatchObject(invalid("the token's signature is wrong"));
  });
});

function hmac(name: string, secret: string | Buffer, claims: object, header: object = {}): string {
  const hash = name.replace("HS", "sha");
  const input = `${part({ alg: name, ...header })}.${part(claims)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest("base64url")}`;
}

describe.each(["HS256", "HS384", "HS512"])("a token signed with %s", (name) => {
  test("is accepted with its secret", async () => {
    const route = new JwtRoute({ secret: SECRET });
    expect(await route.ask(hmac(name, SECRET, route.claims()))).toMatchObject({ status: 200 });
    const encoded = Buffer.from(SECRET).toString("base64");
    const other = new JwtRoute({ secret: { base64: encoded } });
    expect(await other.ask(hmac(name, SECRET, other.claims()))).toMatchObject({ status: 200 });
  });

  test("is refused with another secret", async () => {
    const route = new JwtRoute({ secret: SECRET });
    expect(await route.ask(hmac(name, SECRET.toUpperCase(), route.claims()))).toMatchObject(
      invalid("the token's signature is wrong"),
    );
  });

  test.each(["RS256", "ES256", "EdDSA"])(
    "is refused where its secret is the public key for %s",
    async (type) => {
      const key = keys.get(type)!;
      const route = new JwtRoute({ public_key: [key.pem] });
      const der = key.public.export({ format: "der", type: "spki" });
      for (const secret of [key.pem, key.pem.trimEnd(), der]) {
        const token = hmac(name, secret, route.claims());
        // oxlint-disable-next-line no-await-in-loop
        expect(await route.ask(token)).toMatchObject(
          invalid("the token's algorithm is not accepted"),
        );
      }
    },
  );
});

test("a secret is good for the algorithms that it is long enough for", async () => {
  const secret = SECRET.slice(0, 40);
  const route = new JwtRoute({ secret });
  expect(await route.ask(hmac("HS256", secret, route.claims()))).toMatchObject({ status: 200 });
  expect(await route.ask(hmac("HS512", secret, route.claims()))).toMatchObject({ status: 401 });
});

test("a secret accepts nothing that is signed with a private key", async () => {
  expect(await new JwtRoute({ secret: SECRET }).with(rsa)).toMatchObject(
    invalid("the token's algorithm is not accepted"),
  );
});

test.each([
  "none",
  "None",
  "NONE",
  "nOnE",
  "",
  " none",
  "rs256",
  "RS256 ",
  "RS1",
  "ES256K",
  "dir",
  "A128KW",
  "__proto__",
  "constructor",
  null,
  0,
  true,
  [["RS256"]],
  { toString: "RS256" },
])("the algorithm %p is refused", async (alg) => {
  const route = new JwtRoute({ public_key: [rsa.pem] });
  for (const signature of ["AAAA", ""]) {
    // oxlint-disable-next-line no-await-in-loop
    const reply = await route.ask(unsigned({ alg }, route.claims(), signature));
    expect(reply.status).toBe(401);
    expect(reply.challenge).toStartWith('Bearer realm="corp", error="invalid_token"');
  }
});

test.each(["ES256", "ES384", "ES512"])("a %s signature of zeros proves nothing", async (name) => {
  const key = keys.get(name)!;
  const route = new JwtRoute({ public_key: [key.pem] });
  const length = { ES256: 64, ES384: 96, ES512: 132 }[name] ?? 0;
  const order = Buffer.from(
    "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    "hex",
  );
  const one = Buffer.alloc(length);
  one[length - 1] = 1;
  const forgeries = [
    Buffer.alloc(length),
    one,
    Buffer.alloc(length, 255),
    Buffer.concat([order, order]),
    Buffer.alloc(length * 2),
    Buffer.alloc(1),
    // DER of two zeros.
    Buffer.from([0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00]),
  ];
  for (const signature of forgeries) {
    const token = unsigned({ alg: name }, route.claims(), signature.toString("base64url"));
    // oxlint-disable-next-line no-await-in-loop
    expect(await route.ask(token)).toMatchObject(invalid("the token's signature is wrong"));
  }
});

test("an algorithm of another type than the key's is refused before anything is computed", async () => {
  const route = new JwtRoute({ public_key: [rsa.pem] });
  for (const alg of ["ES256", "EdDSA"]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await route.ask(unsigned({ alg }, route.claims()))).toMatchObject({ status: 401 });
  }
});

test("of several keys any may have signed", async () => {
  const [one, two] = [new SigningKey("ES256"), new SigningKey("ES256")];
  const route = new JwtRoute({ public_key: [one.pem, two.pem, rsa.pem] });
  for (const key of [one, two, rsa]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await route.with(key, {}, { kid: "whatever" })).toMatchObject({ status: 200 });
  }
});
