import { type StaticDecode, Type } from "@sinclair/typebox";
import { type Claims, claimOf } from "../../pipeline/claims.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange, Identity } from "../../pipeline/exchange.ts";
import { type ConfigIssue, definePolicy } from "../../pipeline/policy.ts";
import { claimValuesSchema, satisfies } from "./claim-values.ts";

/** A scope token of RFC 6749 section 3.3. */
const SCOPE = "^[!#-\\[\\]-~]+$";

const schema = Type.Union(
  [
    Type.Object(
      {
        scope: Type.Optional(
          Type.Array(Type.String({ pattern: SCOPE, expected: "a scope, like users:read" }), {
            description:
              "The scopes that a client must have, all of them. They are in its claim `scope` (words) or `scp` (words or a list).",
          }),
        ),
        claims: Type.Optional(
          Type.Record(Type.String(), claimValuesSchema, {
            expected: "claims with their values, like { role: [admin, support] }",
            listAdvice: "for any value of a claim, write `true`, like `{ role: true }`",
            description:
              "The claims that a client must have, all of them, each with one of the given values; a claim that is a list needs to contain one. `true` asks for any value but false, null and the empty text. `realm_access.roles` is a claim within another.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
    Type.Literal(false),
  ],
  {
    description:
      "Scopes and claims that clients of this route must have; others get a 403. `false`: none, under a default.",
    expected: "{ scope, claims }",
    advice: (written: string) =>
      written === ""
        ? undefined
        : `write \`{ scope: [${written}] }\` for a scope, or \`{ claims: { role: ${written} } }\` for a claim`,
    listAdvice: "scopes stand below `scope`, and claims with their values below `claims`",
  },
);

type Config = StaticDecode<typeof schema>;
type Required = Exclude<Config, false>;

/** Admits clients by what their credentials say of them. */
export const requirements = definePolicy({
  name: "require",
  routeReplacesGlobal: false,
  route: {
    key: "require",
    schema,
    check: checkRequired,
    create(config) {
      if (config === false) return undefined;
      const lacks = lackIn(config);
      return {
        name: "require",
        request({ identity }: Exchange) {
          const missing = identity === undefined ? "an identity" : lacks(identity.claims);
          if (missing !== undefined) throw refusal(config, missing, identity);
          return undefined;
        },
      };
    },
  },
});

function checkRequired(config: Config): ConfigIssue[] {
  if (config === false) return [];
  const { scope = [], claims = {} } = config;
  if (scope.length > 0 || Object.keys(claims).length > 0) return [];
  return [
    { path: [], message: "there is nothing in it; write `scope` or `claims`, or leave it out" },
  ];
}

/** Finds the first thing that claims lack; undefined if there is none. */
function lackIn({ scope = [], claims = {} }: Required): (claims: Claims) => string | undefined {
  const wanted = Object.entries(claims);
  return (given) => {
    if (scope.length > 0) {
      const scopes = scopesOf(given);
      for (const one of scope) if (!scopes.includes(one)) return `the scope ${one}`;
    }
    for (const [name, values] of wanted) {
      if (!satisfies(claimOf(given, name), values)) return `the claim ${name}`;
    }
    return undefined;
  };
}

function scopesOf({ scope, scp }: Claims): readonly unknown[] {
  return [scope, scp].flatMap((value) => (typeof value === "string" ? value.split(" ") : value));
}

/** RFC 6750 section 3.1, for the schemes that have such a challenge. */
function refusal(
  { scope = [] }: Required,
  missing: string,
  identity: Identity | undefined,
): GatewayError {
  const challenge = identity?.challenge;
  const scopes = scope.length === 0 ? "" : `, scope="${scope.join(" ")}"`;
  const fields =
    challenge === undefined
      ? {}
      : { "www-authenticate": `${challenge}, error="insufficient_scope"${scopes}` };
  return new GatewayError("insufficient_scope", `this route asks for ${missing}`, { fields });
}
