import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "bun:test";
import { GatewayError } from "../../../../../../src/pipeline/errors.ts";
import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { jwt } from "../../../../../../src/policies/auth/providers/jwt/jwt.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import { keySet, SigningKey } from "../../../../../support/token-issuer.ts";
import { openExchange } from "../../../../pipeline/opening.ts";
import { decode } from "../../../chain.ts";
import { invalid, JwtRoute } from "./jwt-route.ts";

const folder = mkdtempSync(join(tmpdir(), "jwt-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));
const key = new SigningKey("ES256", "one");
const other = new SigningKey("RS256", "two");

function fileOf(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

test.each([
  ["a file with a key set", { jwks: fileOf("keys.json", keySet(key)) }],
  ["a file in PEM", { public_key: [fileOf("key.pem", key.pem)] }],
  ["PEM next to a file", { public_key: [other.pem, fileOf("other.pem", key.pem)] }],
])("%s has the keys", async (_, config) => {
  const route = new JwtRoute(config);
  expect(await route.with(key)).toMatchObject({ status: 200 });
  expect(await route.with(new SigningKey("ES256"))).toMatchObject(
    invalid("the token's signature is wrong"),
  );
});

test("a key set of one's own authority is asked for with it", async () => {
  const ca = fileOf("ca.pem", "-----BEGIN CERTIFICATE-----");
  const tls: unknown[] = [];
  const fetch = (_url: string, init: BunFetchRequestInit) => {
    tls.push(init.tls);
    return Promise.resolve(new Response(keySet(key)));
  };
  const route = new JwtRoute(
    { jwks: { url: "https://issuer.test/", ca } },
    { services: { fetch } },
  );
  expect(await route.with(key)).toMatchObject({ status: 200 });
  expect(tls).toEqual([{ ca: "-----BEGIN CERTIFICATE-----" }]);
});

test("without keys it cannot be decided", async () => {
  const { global } = authPolicy([jwt]);
  const written = { corp: { jwt: { jwks: "https://issuer.test/keys" } } };
  const { corp } = decode(global, written) as { corp: { jwt: unknown } };
  const provider = jwt.create(corp.jwt, policyServices(), "corp");
  const token = await key.sign({ exp: 99_999_999_999 });
  const exchange = openExchange({ fields: { authorization: `Bearer ${token}` } });

  const refusal = await Promise.resolve(provider.authenticate(exchange)).catch(
    (error: unknown) => error,
  );

  expect(refusal).toBeInstanceOf(GatewayError);
  expect(refusal).toMatchObject({ code: "auth_unavailable", fields: { "retry-after": "1" } });
});
