import { expect, spyOn, test } from "bun:test";
import * as jose from "jose";
import type { ClientConnection } from "../../../../../../src/pipeline/client-request.ts";
import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { VerificationKey } from "../../../../../../src/policies/auth/keys/verification-key.ts";
import { jwt } from "../../../../../../src/policies/auth/providers/jwt/jwt.ts";
import { VerifiedTokens } from "../../../../../../src/policies/auth/providers/jwt/verified-tokens.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import { SigningKey } from "../../../../../support/token-issuer.ts";
import { decode } from "../../../chain.ts";
import { openExchange } from "../../../../pipeline/opening.ts";
import { invalid, JwtRoute } from "./jwt-route.ts";

const key = new SigningKey("ES256", "one");
const public_key = [key.pem];

test("a token that has been verified is accepted without a promise", async () => {
  const clock = new FakeClock();
  const { global } = authPolicy([jwt]);
  const { corp } = decode(global, { corp: { jwt: { public_key } } }) as { corp: { jwt: unknown } };
  const provider = jwt.create(corp.jwt, policyServices({ clock }), "corp");
  const token = await key.sign({ sub: "ada", exp: clock.wall() / 1_000 + 60 });
  const exchange = () => openExchange({ fields: { authorization: `Bearer ${token}` } });

  const first = provider.authenticate(exchange());
  expect(first).toBeInstanceOf(Promise);
  const proof = await first;

  expect(provider.authenticate(exchange())).toBe(proof);
});

test("a token is never good beyond its end, its leeway included", async () => {
  const route = new JwtRoute({ public_key, leeway: "5s" });
  const token = await key.sign(route.claims({ exp: route.now + 60 }));
  expect(await route.ask(token)).toMatchObject({ status: 200 });
  route.clock.advance(64_999);
  expect(await route.ask(token)).toMatchObject({ status: 200 });
  route.clock.advance(1);
  expect(await route.ask(token)).toMatchObject(invalid("the token has expired"));
});

test("a token is not good before its beginning, should the clock be set back", async () => {
  const wall = Date.UTC(2026, 0, 1);
  const tokens = new VerifiedTokens();
  const verified = verifiedUntil(wall + 1_000, wall);
  tokens.add("token", undefined, verified);
  expect(tokens.find("token", undefined, wall)).toBe(verified.proof);
  expect(tokens.find("token", undefined, wall - 1)).toBeUndefined();
});

test("a key that its issuer drops verifies nothing any more, and the others go on", async () => {
  const two = new SigningKey("ES256", "two");
  let keys = [key, two];
  const route = new JwtRoute(
    { jwks: "https://issuer.test/keys" },
    {
      services: {
        fetch: () => Promise.resolve(Response.json({ keys: keys.map((one) => one.jwk()) })),
      },
    },
  );
  const tokens = [await key.sign(route.claims()), await two.sign(route.claims())] as const;
  expect(await route.ask(tokens[0])).toMatchObject({ status: 200 });
  expect(await route.ask(tokens[1])).toMatchObject({ status: 200 });
  keys = [two];
  route.clock.advance(240_000);
  await Bun.sleep(0);
  await Bun.sleep(0);

  const verify = spyOn(jose, "compactVerify");
  expect(await route.ask(tokens[1])).toMatchObject({ status: 200 });
  expect(verify).not.toHaveBeenCalled();
  await route.with(two, { jti: "another" });
  expect(verify).toHaveBeenCalledTimes(1);
  verify.mockRestore();
  route.clock.advance(5_000);
  expect(await route.ask(tokens[0])).toMatchObject(
    invalid("the token is signed with a key that is not known"),
  );
});

test("the same token with another configuration is verified again", async () => {
  const things = new Map<string, unknown>();
  const keep = <Thing>(name: string, make: () => Thing): Thing => {
    if (!things.has(name)) things.set(name, make());
    return things.get(name) as Thing;
  };
  const before = new JwtRoute({ public_key }, { services: { keep } });
  const token = await key.sign(before.claims());
  expect(await before.ask(token)).toMatchObject({ status: 200 });

  const stricter = new JwtRoute({ public_key, audience: ["gw"] }, { services: { keep } });
  expect(await stricter.ask(token)).toMatchObject({ status: 401 });
  const size = things.size;
  await new JwtRoute({ public_key }, { services: { keep } }).ask(token);
  expect(things.size).toBe(size);
});

function verifiedUntil(until: number, from = Number.NEGATIVE_INFINITY) {
  const proof = { subject: "ada", claims: {} };
  return { proof, validity: { from, until }, key: VerificationKey.ofSecret(Buffer.alloc(64)) };
}

const connection = (): ClientConnection => ({
  peer: "192.0.2.1",
  peerPort: 1,
  tls: undefined,
  isOpen: true,
});

test("what is remembered is bounded, and what is used stays", () => {
  const tokens = new VerifiedTokens();
  const used = verifiedUntil(1_000);
  tokens.add("used", undefined, used);
  for (let index = 0; index < 30_000; index += 1) {
    tokens.add(`token-${index}`, undefined, verifiedUntil(1_000));
    if (index % 1_000 === 0) expect(tokens.find("used", undefined, 1)).toBe(used.proof);
  }
  expect(tokens.find("token-0", undefined, 1)).toBeUndefined();
  expect(tokens.find("token-29999", undefined, 1)).toBeDefined();
  expect(tokens.find("used", undefined, 1)).toBe(used.proof);
});

test("long tokens are remembered in smaller numbers", () => {
  const tokens = new VerifiedTokens();
  const long = "x".repeat(16_000);
  for (let index = 0; index < 1_500; index += 1) {
    tokens.add(`${long}${index}`, undefined, verifiedUntil(1_000));
  }
  expect(tokens.find(`${long}0`, undefined, 1)).toBeUndefined();
  expect(tokens.find(`${long}1499`, undefined, 1)).toBeDefined();
});

test("a connection's last token is found without a digest, and only by its whole text", () => {
  const tokens = new VerifiedTokens();
  const one = connection();
  const verified = verifiedUntil(1_000);
  tokens.add("token", one, verified);
  const digest = spyOn(Bun.CryptoHasher, "hash");

  expect(tokens.find("token", one, 1)).toBe(verified.proof);
  expect(digest).not.toHaveBeenCalled();
  expect(tokens.find("toke", one, 1)).toBeUndefined();
  expect(tokens.find("token ", one, 1)).toBeUndefined();
  expect(tokens.find("token", connection(), 1)).toBe(verified.proof);
  expect(tokens.find("token", one, 1_000)).toBeUndefined();
  verified.key.isRetired = true;
  expect(tokens.find("token", one, 1)).toBeUndefined();
  digest.mockRestore();
});

test("refused tokens are not remembered", async () => {
  const route = new JwtRoute({ public_key });
  const token = await key.sign(route.claims({ nbf: route.now + 60 }));
  expect(await route.ask(token)).toMatchObject(invalid("the token is not valid yet"));
  route.clock.advance(60_000);
  expect(await route.ask(token)).toMatchObject({ status: 200 });
});
