import { describe, expect, test } from "bun:test";
import { SigningKey } from "../../../../../support/token-issuer.ts";
import { invalid, JwtRoute } from "./jwt-route.ts";

const key = new SigningKey("EdDSA");
const public_key = [key.pem];
const OK = { status: 200 };

function routeWith(config: object = {}): JwtRoute {
  return new JwtRoute({ public_key, ...config });
}

describe("exp, nbf and iat", () => {
  const route = routeWith({ leeway: "10s" });

  test.each<[object, object]>([
    [{ exp: 0 }, invalid("the token has expired")],
    [{ exp: -10 }, invalid("the token has expired")],
    [{ exp: -9 }, OK],
    [{ exp: 1 }, OK],
    [{ nbf: 10 }, OK],
    [{ nbf: 11 }, invalid("the token is not valid yet")],
    [{ iat: 10 }, OK],
    [{ iat: 11 }, invalid("the token is not valid yet")],
    [{ iat: -1_000_000 }, OK],
    [{ nbf: -5, iat: 3_600 }, invalid("the token is not valid yet")],
  ])("with %p seconds from now", async (times, reply) => {
    const claims = Object.fromEntries(
      Object.entries(times).map(([name, seconds]) => [
        name,
        seconds === 0 ? 0 : route.now + (seconds as number),
      ]),
    );
    expect(await route.with(key, claims)).toMatchObject(reply);
  });

  test.each([["1999999999"], [null], [true], [[1999999999]], [{}]])(
    "are numbers, and %p is none",
    async (value) => {
      expect(await route.with(key, { exp: value })).toMatchObject(
        invalid("the token's exp is not a number"),
      );
      expect(await route.with(key, { nbf: value })).toMatchObject({ status: 401 });
      expect(await route.with(key, { iat: value })).toMatchObject({ status: 401 });
    },
  );

  test("are not endless", async () => {
    const token = await key.signText('{"sub":"ada","exp":1e999}');
    expect(await route.ask(token)).toMatchObject(invalid("the token's exp is not a number"));
  });

  test("may have fractions", async () => {
    expect(await route.with(key, { exp: route.now + 0.5, iat: route.now - 0.5 })).toMatchObject(OK);
  });

  test("are needed only as far as exp", async () => {
    const token = await key.sign({ sub: "ada" });
    expect(await route.ask(token)).toMatchObject(invalid("the token never expires"));
    expect(await routeWith({ require: { exp: [false] } }).ask(token)).toMatchObject(OK);
    expect(await routeWith({ require: { exp: [true] } }).ask(token)).toMatchObject({ status: 401 });
  });
});

describe("the issuer", () => {
  const issuer = ["https://issuer.test/"];

  test.each([
    ["https://issuer.test/", OK],
    ["https://issuer.test", invalid("the token is from another issuer")],
    ["https://ISSUER.test/", invalid("the token is from another issuer")],
    ["https://issuer.test/x", invalid("the token is from another issuer")],
    [["https://issuer.test/"], invalid("the token's iss is not a text")],
    [undefined, invalid("the token does not name its issuer")],
    [null, invalid("the token's iss is not a text")],
  ])("%p is compared exactly", async (iss, reply) => {
    expect(await routeWith({ issuer }).with(key, { iss })).toMatchObject(reply);
  });

  test("is one of several", async () => {
    const route = routeWith({ issuer: [...issuer, "b"] });
    expect(await route.with(key, { iss: "b" })).toMatchObject(OK);
  });

  test("is anyone if none is named", async () => {
    expect(await routeWith().with(key, { iss: "anyone" })).toMatchObject(OK);
  });
});

describe("the audience", () => {
  const audience = ["gw", "api"];
  const other = invalid("the token is for another audience");
  const malformed = invalid("the token's aud is neither a text nor a list of texts");

  test.each([
    ["gw", OK],
    [["other", "api"], OK],
    ["other", other],
    [["other", "another"], other],
    [[], other],
    ["GW", other],
    ["gw api", other],
    [undefined, invalid("the token does not name its audience")],
    [["gw", 1], malformed],
    [{ gw: true }, malformed],
    [7, malformed],
    [null, malformed],
  ])("%p is compared", async (aud, reply) => {
    expect(await routeWith({ audience }).with(key, { aud })).toMatchObject(reply);
  });
});

describe("the type", () => {
  test.each([
    ["at+jwt", OK],
    ["AT+JWT", OK],
    ["application/at+jwt", OK],
    ["Application/AT+jwt", OK],
    ["JWT", invalid("the token is of another type")],
    ["logout+jwt", invalid("the token is of another type")],
    ["text/at+jwt", invalid("the token is of another type")],
    [undefined, invalid("the token is of another type")],
    [["at+jwt"], invalid("the token is of another type")],
  ])("%p is compared if one is asked for", async (typ, reply) => {
    expect(await routeWith({ type: "at+jwt" }).with(key, {}, { typ })).toMatchObject(reply);
    const other = routeWith({ type: "application/AT+JWT" });
    expect(await other.with(key, {}, { typ })).toMatchObject(reply);
  });

  test.each(["JWT", "anything", undefined])("%p will do otherwise", async (typ) => {
    expect(await routeWith().with(key, {}, { typ })).toMatchObject(OK);
  });
});

describe("required claims", () => {
  test.each([
    [{ sub: undefined }, invalid("the token has no acceptable sub")],
    [{ sub: "" }, invalid("the token has no acceptable sub")],
    [{ sub: 7 }, invalid("the token's sub is not a text")],
    [{ sub: "bob" }, OK],
  ])("a token with %p, where sub is needed", async (claims, reply) => {
    expect(await routeWith({ require: { sub: [true] } }).with(key, claims)).toMatchObject(reply);
  });

  const insufficient = {
    status: 403,
    detail: "this asks for the claim role",
    challenge: 'Bearer realm="corp", error="insufficient_scope"',
  };

  test.each([
    [{ role: "admin" }, OK],
    [{ role: ["user", "support"] }, OK],
    [{ role: "user" }, insufficient],
    [{ role: ["user"] }, insufficient],
    [{ role: { admin: true } }, insufficient],
    [{}, insufficient],
  ])("a token with %p, where a role is needed", async (claims, reply) => {
    const route = routeWith({ require: { role: ["admin", "support"] } });
    expect(await route.with(key, claims)).toMatchObject(reply);
  });

  test("may be within others, and words of a scope", async () => {
    const route = routeWith({ require: { "realm_access.roles": ["a"], scope: ["read"] } });
    const realm_access = { roles: ["b", "a"] };
    expect(await route.with(key, { realm_access, scope: "write read" })).toMatchObject(OK);
    expect(await route.with(key, { realm_access, scope: "reader" })).toMatchObject({ status: 403 });
    expect(await route.with(key, { scope: "read" })).toMatchObject({ status: 403 });
  });

  test("are asked for only once the signature is right", async () => {
    const route = routeWith({ require: { role: ["admin"] } });
    expect(await route.with(new SigningKey("EdDSA"), {})).toMatchObject({ status: 401 });
  });
});

describe("an accepted token", () => {
  test("gives its subject and claims to the exchange, and leaves", async () => {
    const route = routeWith();
    await route.with(key, { role: "admin" });
    const { identity, outgoing } = route.chain.asked[0]!;
    expect(identity).toMatchObject({
      provider: "corp",
      subject: "ada",
      claims: { sub: "ada", role: "admin" },
      challenge: 'Bearer realm="corp"',
    });
    expect(outgoing.get("authorization")).toBeNull();
    expect(outgoing.get("x-auth-subject")).toBe("ada");
  });

  test("may have no subject", async () => {
    const route = routeWith();
    await route.with(key, { sub: undefined });
    expect(route.chain.asked[0]?.identity?.subject).toBe("");
  });

  test("may have a member called __proto__, which is a claim like any other", async () => {
    const route = routeWith({ require: { role: ["admin"] } });
    const claims = `{"sub":"ada","exp":${route.now + 60},"__proto__":{"role":"admin"}}`;
    expect(await route.ask(await key.signText(claims))).toMatchObject({ status: 403 });
  });
});

test("a request without a token gets a challenge without an error", async () => {
  const route = routeWith();
  const answer = await route.chain.send();
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="corp"');
});

test("a token of the second of two providers causes no look for its key at the first", async () => {
  const other = new SigningKey("ES256", "other");
  const asked: string[] = [];
  const route = new JwtRoute(
    { jwks: "https://one.test/keys", issuer: ["one"] },
    {
      others: { partners: { jwt: { jwks: "https://two.test/keys", issuer: ["two"] } } },
      services: {
        fetch: (url: string) => {
          asked.push(url);
          const keys = url.startsWith("https://one") ? [] : [other.jwk()];
          return Promise.resolve(Response.json({ keys }));
        },
      },
    },
  );
  for (let minute = 0; minute < 3; minute += 1) {
    route.clock.advance(60_000);
    // oxlint-disable-next-line no-await-in-loop
    expect(await route.with(other, { iss: "two", minute })).toMatchObject(OK);
  }
  expect(asked).toEqual(["https://one.test/keys", "https://two.test/keys"]);
  expect(route.chain.asked[0]?.identity?.provider).toBe("partners");
});
