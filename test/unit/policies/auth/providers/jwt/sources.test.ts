import { expect, test } from "bun:test";
import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { jwt } from "../../../../../../src/policies/auth/providers/jwt/jwt.ts";
import { GatewayError } from "../../../../../../src/pipeline/errors.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import { SigningKey } from "../../../../../support/token-issuer.ts";
import { decode } from "../../../chain.ts";
import { openExchange, type Opening } from "../../../../pipeline/opening.ts";

const key = new SigningKey("ES256");
const clock = new FakeClock();
const token = await key.sign({ sub: "ada", exp: clock.wall() / 1_000 + 60 });
const { global } = authPolicy([jwt]);

function providerFrom(...from: string[]) {
  const written = { corp: { jwt: { public_key: [key.pem], from } } };
  const { corp } = decode(global, written) as { corp: { jwt: unknown } };
  return jwt.create(corp.jwt, policyServices({ clock }), "corp");
}

const ALL = ["bearer", "cookie:session", "query:access_token", "header:X-Token"];
const url = (query: string) => `http://gateway.test/things${query}`;

test.each<[string, Opening]>([
  ["Authorization", { fields: { authorization: `Bearer ${token}` } }],
  ["Authorization in any case", { fields: { authorization: `bEARER   ${token}` } }],
  ["a cookie", { fields: { cookie: `a=1; session=${token}; b=2` } }],
  ["the query", { url: url(`?a=1&access_token=${token}`) }],
  ["another field", { fields: { "x-token": token } }],
  ["another field with the scheme", { fields: { "x-token": `Bearer ${token}` } }],
])("a token is taken from %s, and taken away", async (_, opening) => {
  const provider = providerFrom(...ALL);
  const exchange = openExchange(opening);
  expect(await provider.authenticate(exchange)).toMatchObject({ subject: "ada" });
  const { outgoing } = exchange;
  provider.removeCredentials(outgoing, exchange);
  expect(JSON.stringify([outgoing.fields, outgoing.query])).not.toContain(token.slice(-20));
});

test.each<[string, Opening]>([
  ["Basic", { fields: { authorization: "Basic YTpi" } }],
  ["a cookie of another name", { fields: { cookie: `token=${token}` } }],
  ["the query, which is not listed", { url: url(`?access_token=${token}`) }],
])("there is none in %s", (_, opening) => {
  expect(
    providerFrom("bearer", "cookie:session").authenticate(openExchange(opening)),
  ).toBeUndefined();
});

test.each<[string, Opening]>([
  [
    "a field and a cookie",
    { fields: { authorization: `Bearer ${token}`, cookie: `session=${token}` } },
  ],
  [
    "two fields",
    {
      fields: [
        ["authorization", `Bearer ${token}`],
        ["authorization", "Bearer other"],
      ],
    },
  ],
  [
    "a field and the query",
    { url: url("?access_token=a"), fields: { authorization: `Bearer ${token}` } },
  ],
  ["two cookies", { fields: { cookie: `session=${token}; session=other` } }],
  ["the query twice", { url: url(`?access_token=${token}&access%5Ftoken=b`) }],
])("more than one token, in %s, is an invalid request", (_, opening) => {
  const provider = providerFrom(...ALL);
  const refusal = refusalOf(() => provider.authenticate(openExchange(opening)));
  expect(refusal).toMatchObject({ code: "invalid_request", status: 400 });
  expect(refusal?.fields).toEqual({
    "www-authenticate":
      'Bearer realm="corp", error="invalid_request", error_description="the request has more than one token"',
  });
});

function refusalOf(act: () => unknown): GatewayError | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  return undefined;
}

test("says under which names tokens travel", () => {
  const written = { corp: { jwt: { public_key: [key.pem], from: ALL } } };
  const { corp } = decode(global, written) as { corp: { jwt: unknown } };
  expect(jwt.secrets?.(corp.jwt)).toEqual({
    headers: ["authorization", "X-Token"],
    query: ["access_token"],
    cookies: ["session"],
  });
});
