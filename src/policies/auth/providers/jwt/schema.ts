import { type StaticDecode, Type } from "@sinclair/typebox";
import { Duration } from "../../../../units/duration.ts";
import { claimValuesSchema } from "../../claim-values.ts";
import { type Algorithm, algorithmNames, isAlgorithm } from "../../keys/algorithms.ts";
import { sourcesSchema } from "../../sources.ts";

const JWKS = "a URL like https://issuer.example.com/jwks.json, or the name of a file";

const keysSchema = {
  jwks: Type.Optional(
    Type.Union(
      [
        Type.String({ minLength: 1 }),
        Type.Object(
          {
            url: Type.String({ description: "The URL of the key set.", minLength: 1 }),
            ca: Type.Optional(
              Type.String({
                description:
                  "A PEM file with the certificate authorities to trust in place of the system's.",
                expected: "a file name, like ca.pem",
                minLength: 1,
              }),
            ),
          },
          { additionalProperties: false },
        ),
      ],
      {
        description:
          "The issuer's public keys: the URL of a JWK Set (RFC 7517), or a file with one. By URL they are fetched when the configuration is loaded, and again before the max-age of the answer ends (5m without one; at least every hour); the last good ones stay in force while the issuer is down. A file is read again when it changes.",
        expected: `${JWKS}, or { url, ca }`,
      },
    ),
  ),
  public_key: Type.Optional(
    Type.Array(Type.String({ minLength: 1, isOneItem: true }), {
      minItems: 1,
      maxItems: 16,
      description:
        "The issuer's public key or certificate in PEM, or a file with it, which is read again when it changes; or a list of these, for tokens signed by any of them.",
      expected: "a file name, like issuer.pem, or PEM text",
    }),
  ),
  secret: Type.Optional(
    Type.Union(
      [
        Type.String({ isSecret: true }),
        Type.Object(
          {
            base64: Type.String({
              isSecret: true,
              description: "The secret's bytes in base64 or base64url.",
              pattern: "^[A-Za-z0-9+/_-]+={0,2}$",
              expected: "text in base64",
            }),
          },
          { additionalProperties: false },
        ),
      ],
      {
        description:
          'The secret that the issuer signs with (HMAC), like `"${JWT_SECRET}"` or `"${file:/run/secrets/jwt}"`: at least 32 bytes, 48 for HS384, 64 for HS512 (RFC 7518 section 3.2). Anyone who knows it can make tokens; with public keys, only the issuer can.',
        expected: 'text like "${JWT_SECRET}", or { base64 }',
        isSecret: true,
      },
    ),
  ),
};

const NamedAlgorithm = Type.Unsafe<Algorithm>(
  Type.Union(
    algorithmNames.map((name) => Type.Literal(name)),
    { expected: algorithmNames.join(", "), advice: algorithmAdvice },
  ),
);

function algorithmAdvice(written: string): string | undefined {
  if (/^none$/i.test(written)) return "a token without a signature proves nothing";
  const upper = written.toUpperCase();
  return isAlgorithm(upper) ? `write \`${upper}\`` : undefined;
}

export const jwtSchema = Type.Object(
  {
    ...keysSchema,
    issuer: Type.Optional(
      Type.Array(Type.String({ minLength: 1, isOneItem: true }), {
        minItems: 1,
        description:
          "Who must have made the token: its claim `iss`, compared exactly, or a list of accepted issuers. Default: any issuer with one of the keys.",
        expected: "text like https://issuer.example.com/",
      }),
    ),
    audience: Type.Optional(
      Type.Array(Type.String({ minLength: 1, isOneItem: true }), {
        minItems: 1,
        description:
          "The audience that the token must be for: its claim `aud` must have this, or one of these. Without it, tokens for other services of the issuer are accepted too.",
        expected: "text like https://api.example.com",
      }),
    ),
    algorithms: Type.Optional(
      Type.Array(NamedAlgorithm, {
        minItems: 1,
        description:
          "The algorithms that are accepted, each only with keys of its type. Default: all of RS256 to RS512, PS256 to PS512, ES256 to ES512 and EdDSA that fit the keys; with `secret`, HS256 to HS512 as far as it is long enough.",
        expected: `${algorithmNames.join(", ")}, or a list of these`,
      }),
    ),
    leeway: Duration({
      default: "5s",
      description:
        "How far the clocks of issuer and gateway may differ when `exp`, `nbf` and `iat` are checked. Clocks that are set over the network differ by less.",
      longestDays: 1,
    }),
    from: sourcesSchema(
      ["bearer"],
      "of which a request must use only one: otherwise it gets a 400",
    ),
    type: Type.Optional(
      Type.String({
        description:
          "What the token's `typ` must be, in any case and with or without `application/`: `at+jwt` for access tokens (RFC 9068), so that no other token of the issuer passes for one. Without it, anything.",
        pattern: "^[!#$&^_.+/A-Za-z0-9-]{1,128}$",
        expected: "a type like at+jwt",
      }),
    ),
    require: Type.Optional(
      Type.Record(Type.String(), claimValuesSchema, {
        description:
          "The claims that a token must have: `true` for any value but false, null and the empty text, or the values of which one is needed, in a list if the claim is one. Without a registered claim, like `sub`, a token gets a 401; without others, like `role`, a 403. `exp` is needed unless `exp: false` is here.",
        expected: "claims with their values, like { sub: true, role: [admin, support] }",
      }),
    ),
  },
  {
    additionalProperties: false,
    description: "Signed tokens (JWT, RFC 7519) of an issuer whose keys are known.",
  },
);

export type JwtConfig = StaticDecode<typeof jwtSchema>;
