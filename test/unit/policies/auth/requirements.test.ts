import { describe, expect, test } from "bun:test";
import type { Policy } from "../../../../src/pipeline/policy.ts";
import { requirements } from "../../../../src/policies/auth/requirements.ts";
import { printed } from "../../config/loading.ts";
import { Chain, issuesOf, policyFrom } from "../chain.ts";

/** Knows every client, and says this of it. */
function knows(claims: Record<string, unknown>, challenge?: string): Policy {
  return {
    name: "auth",
    request(exchange) {
      exchange.identity = { provider: "corp", subject: "ada", claims, challenge };
      return undefined;
    },
  };
}

const statusWith = async (required: unknown, claims: Record<string, unknown>) =>
  (await new Chain([knows(claims), policyFrom(requirements.route, required)]).send()).status;

describe("required scopes", () => {
  const required = { scope: ["users:read", "users:write"] };

  test.each<[Record<string, unknown>, number]>([
    [{ scope: "users:write openid users:read" }, 200],
    [{ scp: ["users:read", "users:write"] }, 200],
    [{ scope: "users:read", scp: "users:write" }, 200],
    [{ scope: "users:read" }, 403],
    [{ scope: "users:read users:writer" }, 403],
    [{ scope: "users:read,users:write" }, 403],
    [{ scope: { "users:read": true } }, 403],
    [{}, 403],
  ])("of a client with %p: %d", async (claims, status) => {
    expect(await statusWith(required, claims)).toBe(status);
  });
});

describe("required claims", () => {
  test.each<[Record<string, unknown>, Record<string, unknown>, number]>([
    [{ role: ["admin", "support"] }, { role: "support" }, 200],
    [{ role: ["admin", "support"] }, { role: ["user", "admin"] }, 200],
    [{ role: ["admin"] }, { role: ["administrator"] }, 403],
    [{ role: ["admin"] }, { role: [["admin"]] }, 403],
    [{ role: ["admin"] }, {}, 403],
    [{ role: ["admin"], tenant: [42] }, { role: "admin", tenant: "42" }, 200],
    [{ role: ["admin"], tenant: [42] }, { role: "admin", tenant: 7 }, 403],
    [{ "realm.roles": ["admin"] }, { realm: { roles: ["admin"] } }, 200],
    [{ verified: [true] }, { verified: true }, 200],
    [{ verified: [true] }, { verified: "yes" }, 200],
    [{ verified: [true] }, { verified: false }, 403],
    [{ verified: [true] }, { verified: "" }, 403],
    [{ verified: [true] }, { verified: null }, 403],
    [{ verified: [false] }, { verified: false }, 200],
    [{ verified: [false] }, {}, 403],
    [{ toString: [true] }, {}, 403],
  ])("%p of a client with %p: %d", async (claims, given, status) => {
    expect(await statusWith({ claims }, given)).toBe(status);
  });
});

describe("a client that lacks something", () => {
  test("learns what, and is challenged where its scheme knows that", async () => {
    const bearer = knows({ scope: "a" }, 'Bearer realm="corp"');
    const policy = policyFrom(requirements.route, { scope: ["a", "b"] });
    const answer = await new Chain([bearer, policy]).send();
    expect(answer.headers.get("www-authenticate")).toBe(
      'Bearer realm="corp", error="insufficient_scope", scope="a b"',
    );
    expect(await answer.json()).toMatchObject({
      status: 403,
      code: "insufficient_scope",
      detail: "this route asks for the scope b",
    });
  });

  test("is not challenged with scopes that no route asks for", async () => {
    const bearer = knows({}, 'Bearer realm="corp"');
    const policy = policyFrom(requirements.route, { claims: { role: ["admin"] } });
    const { headers } = await new Chain([bearer, policy]).send();
    expect(headers.get("www-authenticate")).toBe('Bearer realm="corp", error="insufficient_scope"');
    const silent = await new Chain([knows({}), policy]).send();
    expect(silent.headers.has("www-authenticate")).toBe(false);
  });

  test("is refused if nobody knows it", async () => {
    const policy = policyFrom(requirements.route, { claims: { role: ["admin"] } });
    expect((await new Chain([policy]).send()).status).toBe(403);
  });
});

describe("the configuration of require", () => {
  const route = "path: /a, backends: [http://a]";

  test("may be switched off under a default", () => {
    expect(policyFrom(requirements.route, false)).toBeUndefined();
  });

  test("is an error without content", () => {
    expect(issuesOf(requirements.route, {}).map(({ message }) => message)).toEqual([
      "there is nothing in it; write `scope` or `claims`, or leave it out",
    ]);
    expect(issuesOf(requirements.route, { scope: ["a"] })).toEqual([]);
  });

  test.each([
    ["auth: none, require: { scope: a }", "this route has no `auth`"],
    ["auth: false, require: { scope: a }", "this route has no `auth`"],
    ["auth: none, require: false", ""],
    ["auth: corp, require: { scope: a }", ""],
    ["auth: [], require: { scope: a }", "auth"],
  ])("belongs to routes that know their clients: %s", (keys, told) => {
    const corp = 'auth: { corp: { api_key: { keys: { a: "sha256:' + "0".repeat(64) + '" } } } }';
    expect(printed(`${corp}\nroutes: [{ ${route}, ${keys} }]`)).toContain(told);
    if (told === "") expect(printed(`${corp}\nroutes: [{ ${route}, ${keys} }]`)).toBe("");
  });

  test("takes one value for a list", () => {
    const text = `routes: [{ ${route}, require: { scope: a, claims: { role: admin, sub: true } } }]`;
    expect(printed(text)).toContain("nothing is known of this route's clients");
    expect(printed(text)).not.toContain("expected");
  });
});
