import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { fieldOf } from "../../../../src/http/field.ts";
import { FieldList } from "../../../../src/http/field-list.ts";
import { Answer } from "../../../../src/pipeline/answer.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { ConfigIssue } from "../../../../src/pipeline/policy.ts";
import { authPolicy } from "../../../../src/policies/auth/auth.ts";
import {
  type AuthProvider,
  defineProvider,
  Rejection,
  type Verdict,
} from "../../../../src/policies/auth/provider.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { Chain, decode, issuesOf, policyFrom } from "../chain.ts";

/** What comes of the word that a client sends. */
const VERDICTS: Readonly<Record<string, () => Verdict>> = {
  ada: () => ({ subject: "ada", claims: { role: "admin" } }),
  exchanged: () => ({ subject: "ada", claims: {}, backendFields: [["x-also", "another"]] }),
  listed: () => ({ subject: "ada", claims: { role: ["a,root", "b%2Croot", " c"] } }),
  odd: () => ({ subject: "jörg 100%\n", claims: {} }),
  expired: () => new Rejection("the word has expired", 'Word realm="old"'),
  wrong: () => new Rejection("nobody knows this word"),
  login: () => new Answer(null, { status: 302 }),
  down: () => {
    throw new GatewayError("overloaded", "the dictionary is away");
  },
};

/** Reads a word from a field; its verdict comes at once, or later. */
const word = (kind: string, later: boolean) =>
  defineProvider({
    kind,
    schema: Type.Object({ field: Type.String() }, { additionalProperties: false }),
    check: ({ field }) => (field === "" ? [{ path: ["field"], message: "empty" }] : []),
    create({ field }, _services, name) {
      const verdictOn = (given: string | null) =>
        given === null ? undefined : VERDICTS[given]?.();
      return {
        authenticate({ fields }) {
          const given = fields.get(field);
          return later ? Promise.resolve().then(() => verdictOn(given)) : verdictOn(given);
        },
        challenge: () => `Word realm="${name}"`,
        removeCredentials: (outgoing) => outgoing.remove(field),
      };
    },
  });

const { global, route } = authPolicy([word("word", false), word("slow_word", true)]);
const PROVIDERS = {
  corp: { word: { field: "x-word" } },
  slow: { slow_word: { field: "x-slow" }, pass_credentials: true },
};

/** The chain of a route whose `auth` has these names; without any it has no such key. */
function routeWith(...names: string[]): Chain {
  const providers = policyFrom(global, PROVIDERS);
  const own =
    names.length === 0
      ? undefined
      : policyFrom(route, names, new FakeClock(), "/things", providers);
  return new Chain([providers, own]);
}

async function refusalOf(chain: Chain, fields: Record<string, string> = {}) {
  const answer = await chain.send({ fields });
  const { detail } = (await answer.json()) as { detail: string };
  return { status: answer.status, challenges: answer.headers.get("www-authenticate"), detail };
}

test("without a kind of provider there is nothing to configure", () => {
  const empty = authPolicy([]);
  expect([empty.global, empty.route]).toEqual([undefined, undefined]);
});

describe("a request with credentials that prove who sent it", () => {
  test("goes on with its identity, and without the credentials", async () => {
    const chain = routeWith("corp");
    expect((await chain.send({ fields: { "x-word": "ada", "x-other": "1" } })).status).toBe(200);
    const { identity, outgoing } = chain.asked[0]!;
    expect(identity).toEqual({ provider: "corp", subject: "ada", claims: { role: "admin" } });
    expect(outgoing.get("x-auth-subject")).toBe("ada");
    expect(outgoing.get("x-auth-provider")).toBe("corp");
    expect(outgoing.get("x-word")).toBeNull();
    expect(outgoing.get("x-other")).toBe("1");
  });

  test("keeps the credentials if the provider is configured to pass them on", async () => {
    const chain = routeWith("slow");
    await chain.send({ fields: { "x-slow": "ada" } });
    expect(chain.asked[0]?.outgoing.get("x-slow")).toBe("ada");
  });

  test("goes on without what it has for the route's other providers, unless one passes it on", async () => {
    const providers = policyFrom(global, {
      ...PROVIDERS,
      also: { word: { field: "x-also" } },
    });
    const own = policyFrom(route, ["corp", "also", "slow"], new FakeClock(), "/things", providers);
    const chain = new Chain([providers, own]);
    await chain.send({ fields: { "x-also": "expired", "x-word": "ada", "x-slow": "ada" } });
    const { outgoing } = chain.asked[0]!;
    expect(outgoing.get("x-word")).toBeNull();
    expect(outgoing.get("x-also")).toBeNull();
    expect(outgoing.get("x-slow")).toBe("ada");
    // What a provider gives in the same field is no client's.
    await chain.send({ fields: { "x-also": "expired", "x-word": "exchanged" } });
    expect(chain.asked[1]?.outgoing.get("x-also")).toBe("another");
  });

  test("sends the backend any subject in visible ASCII", async () => {
    const chain = routeWith("corp");
    await chain.send({ fields: { "x-word": "odd" } });
    expect(chain.asked[0]?.identity?.subject).toBe("jörg 100%\n");
    expect(chain.asked[0]?.outgoing.get("x-auth-subject")).toBe("j%C3%B6rg 100%25%0A");
  });
});

describe("the fields that tell a backend who a client is", () => {
  const named = (headers: Record<string, string>) => {
    const config = { corp: { word: { field: "x-word" }, identity_headers: headers } };
    const providers = policyFrom(global, config);
    const own = policyFrom(route, ["corp"], new FakeClock(), "/things", providers);
    return { open: new Chain([providers]), closed: new Chain([providers, own]) };
  };
  const headers = {
    "X-User": "{auth.provider}:{auth.subject}",
    "X-Role": "{auth.claims.role}",
    "X-Mail": "{auth.claims.email}",
  };

  test("are those of the operator's choice", async () => {
    const { closed } = named(headers);
    await closed.send({ fields: { "x-word": "ada" } });
    const { outgoing } = closed.asked[0]!;
    expect(outgoing.get("x-user")).toBe("corp:ada");
    expect(outgoing.get("x-role")).toBe("admin");
    expect(outgoing.get("x-auth-subject")).toBeNull();
  });

  test("have the items of a list so that none can be taken for two", async () => {
    const { closed } = named(headers);
    await closed.send({ fields: { "x-word": "listed" } });
    expect(closed.asked[0]?.outgoing.get("x-role")).toBe("a%2Croot,b%252Croot,%20c");
  });

  test("are not sent empty, and not with what the client sent", async () => {
    const { closed } = named(headers);
    await closed.send({ fields: { "x-word": "ada", "x-mail": "root@a.test", x_mail: "root" } });
    expect(closed.asked[0]?.outgoing.fields.join()).not.toMatch(/mail|root/);
  });

  test("reach no backend from a client, on routes without auth either", async () => {
    const { open } = named(headers);
    await open.send({ fields: { "X-USER": "root", x_role: "root", "x-auth-subject": "root" } });
    expect(open.asked[0]?.outgoing.fields.join()).not.toContain("root");
  });

  test.each(["a b", "host", "x-forwarded-for", "connection", "x_request_id"])(
    "cannot be %p",
    (name) => {
      const config = { corp: { word: { field: "x-word" }, identity_headers: { [name]: "a" } } };
      expect(issuesOf(global, config).map(({ path }) => path)).toEqual([
        ["corp", "identity_headers", name],
      ]);
    },
  );

  test.each([
    ["ada", "ada"],
    [" ada ", "%20ada%20"],
    ["ada\u00a0", "ada%C2%A0"],
    ["a,b;c", "a,b;c"],
    ["\ud800", "%EF%BF%BD"],
    ["%20", "%2520"],
  ])("tell %p from all others", async (subject, sent) => {
    const say = defineProvider({
      kind: "say",
      schema: Type.Object({}),
      create: () => ({
        authenticate: () => ({ subject, claims: {} }),
        challenge: () => "Say",
        removeCredentials: () => {},
      }),
    });
    const policy = authPolicy([say]);
    const providers = policyFrom(policy.global, { all: { say: {} } });
    const own = policyFrom(policy.route, ["all"], new FakeClock(), "/things", providers);
    const chain = new Chain([providers, own]);
    await chain.send();
    expect(chain.asked[0]?.outgoing.get("x-auth-subject")).toBe(sent);
  });
});

describe("a provider's own pages", () => {
  const paged = (kind: string, page: NonNullable<AuthProvider["page"]>) =>
    defineProvider({
      kind,
      schema: Type.Object({}),
      create: () => ({
        authenticate: () => undefined,
        challenge: () => "Page",
        removeCredentials: () => {},
        page,
      }),
    });
  const chainWith = (...pages: NonNullable<AuthProvider["page"]>[]) => {
    const kinds = pages.map((page, index) => paged(`kind${index}`, page));
    const config = Object.fromEntries(
      pages.map((_, index) => [`p${index}`, { [`kind${index}`]: {} }]),
    );
    return new Chain([policyFrom(authPolicy(kinds).global, config)]);
  };
  const teapot = new Answer(null, { status: 418 });

  test.each<[string, NonNullable<AuthProvider["page"]>[], number]>([
    ["at once", [() => undefined, () => teapot], 418],
    ["later", [async () => undefined, () => undefined, async () => teapot], 418],
    ["never", [async () => undefined, () => undefined], 200],
  ])("are answered %s, without a route's auth", async (_when, pages, status) => {
    expect((await chainWith(...pages).send()).status).toBe(status);
  });
});

describe("a session that browsers send unasked", () => {
  const session = defineProvider({
    kind: "session",
    schema: Type.Object({ name: Type.String() }),
    checkTogether: (configs) =>
      [...configs].slice(1).map(([name, { name: cookie }]) => ({
        path: [name, "name"],
        message: `${cookie} is one of ${configs.size}`,
      })),
    create: ({ name }) => ({
      authenticate: ({ fields }) =>
        fields.has(name)
          ? { subject: "ada", claims: {}, answerFields: [fieldOf("Set-Cookie", `${name}=2`)] }
          : undefined,
      challenge: () => "Session",
      removeCredentials: (outgoing, { fields }) => {
        if (fields.has(name)) outgoing.remove(name);
      },
      areSentUnasked: true,
    }),
  });
  const policy = authPolicy([session]);
  const config = { one: { session: { name: "x-one" } } };
  const chainOf = (names: string[], passes = false) => {
    const written = { one: { ...config.one, pass_credentials: passes } };
    const providers = policyFrom(policy.global, written);
    const own = policyFrom(policy.route, names, new FakeClock(), "/things", providers);
    const backend = () =>
      new Answer("ok", { fields: new FieldList([fieldOf("Cache-Control", "max-age=60")]) });
    return new Chain([providers, own], backend);
  };
  const fields = { "x-one": "1" };

  test("reaches the backend of no route, unless it is to be passed on", async () => {
    for (const [names, passes, sent] of [
      [["one"], false, null],
      [["none"], false, null],
      [["none"], true, "1"],
    ] as const) {
      const chain = chainOf([...names], passes);
      expect((await chain.send({ fields })).status).toBe(200);
      expect(chain.asked[0]?.outgoing.get("x-one")).toBe(sent);
    }
  });

  test("may go on by a field of the answer, which is then for this client alone", async () => {
    const { headers } = await chainOf(["one"]).send({ fields });
    expect(headers.getSetCookie()).toEqual(["x-one=2"]);
    expect(headers.get("cache-control")).toBe("private, max-age=60");
    expect((await chainOf(["none"]).send({ fields })).headers.get("cache-control")).toBe(
      "max-age=60",
    );
  });

  test("is checked against the others of its kind", () => {
    const two = { ...config, two: { session: { name: "x-two" } } };
    expect(issuesOf(policy.global, config)).toEqual([]);
    expect(issuesOf(policy.global, two)).toEqual([
      { path: ["two", "session", "name"], message: "x-two is one of 2" },
    ]);
  });
});

describe("a request that nobody vouches for", () => {
  test("is refused with a challenge", async () => {
    const chain = routeWith("corp");
    expect(await refusalOf(chain)).toEqual({
      status: 401,
      challenges: 'Word realm="corp"',
      detail: "this route asks for credentials",
    });
    expect(chain.asked).toEqual([]);
  });

  test("learns what is wrong with its credentials, and may get another challenge", async () => {
    expect(await refusalOf(routeWith("corp"), { "x-word": "expired" })).toEqual({
      status: 401,
      challenges: 'Word realm="old"',
      detail: "the word has expired",
    });
  });

  test("gets the error of a provider that cannot decide", async () => {
    const { status } = await routeWith("corp").send({ fields: { "x-word": "down" } });
    expect(status).toBe(503);
  });

  test("gets a provider's own answer in place of a problem", async () => {
    const { status } = await routeWith("corp").send({ fields: { "x-word": "login" } });
    expect(status).toBe(302);
  });
});

describe("a route with several providers", () => {
  const either = () => routeWith("corp", "slow");

  test("lets pass whom any of them knows, whatever the others say", async () => {
    for (const corp of ["ada", "wrong", "down", "login"]) {
      const chain = either();
      const { status } = await chain.send({ fields: { "x-word": corp, "x-slow": "ada" } });
      expect(status).toBe(200);
      expect(chain.asked[0]?.identity?.provider).toBe(corp === "ada" ? "corp" : "slow");
    }
  });

  test("refuses with the challenges and reasons of all, in their order", async () => {
    const fields = { "x-word": "wrong", "x-slow": "expired" };
    expect(await refusalOf(either(), fields)).toEqual({
      status: 401,
      challenges: 'Word realm="corp", Word realm="old"',
      detail: "nobody knows this word; the word has expired",
    });
    expect((await refusalOf(either())).challenges).toBe('Word realm="corp", Word realm="slow"');
  });

  test("gives the first answer or error that is more than a refusal", async () => {
    const statusOf = async (corp: string, slow: string) =>
      (await either().send({ fields: { "x-word": corp, "x-slow": slow } })).status;
    expect(await statusOf("login", "down")).toBe(302);
    expect(await statusOf("down", "login")).toBe(503);
    expect(await statusOf("wrong", "down")).toBe(503);
  });
});

describe("an identity that a client claims", () => {
  const claims = {
    "X-Auth-Subject": "root",
    "x-auth.provider": "corp",
    "x-auth~subject": "root",
    Connection: "x-auth-subject",
  };

  test("is not asked for by a route that says false", () => {
    expect(policyFrom(route, false)).toBeUndefined();
  });

  test.each([[[]], [["none"]]])("never reaches the backend, with auth: %p", async (names) => {
    const chain = routeWith(...names);
    expect((await chain.send({ fields: claims })).status).toBe(200);
    expect(chain.asked[0]?.identity).toBeUndefined();
    expect(chain.asked[0]?.outgoing.fields.join()).not.toMatch(/x.auth|root/);
  });

  test("is replaced by the one that was proved", async () => {
    const chain = routeWith("corp");
    await chain.send({ fields: { ...claims, "x-word": "ada" } });
    const { fields } = chain.asked[0]!.outgoing;
    expect(fields.filter((text) => text.startsWith("x-auth"))).toEqual([
      "x-auth-subject",
      "x-auth-provider",
    ]);
    expect(fields).not.toContain("root");
  });
});

describe("the configuration of auth", () => {
  const messages = (issues: readonly ConfigIssue[]) =>
    issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

  test("asks for exactly one kind in each provider", () => {
    const none = { corp: {} };
    const two = { corp: { ...PROVIDERS.corp, ...PROVIDERS.slow } };
    expect(messages([...issuesOf(global, none), ...issuesOf(global, two)])).toEqual([
      "corp: `corp` needs exactly one kind of provider, and has 0; kinds: `word`, `slow_word`",
      "corp: `corp` needs exactly one kind of provider, and has 2; kinds: `word`, `slow_word`",
    ]);
  });

  test("is checked by the kind of each provider", () => {
    expect(messages(issuesOf(global, { corp: { word: { field: "" } } }))).toEqual([
      "corp.word.field: empty",
    ]);
    expect(issuesOf(global, PROVIDERS)).toEqual([]);
  });

  test("takes no provider called none", () => {
    expect(messages(issuesOf(global, { none: PROVIDERS.corp }))).toEqual([
      "none: `none` is how a route asks for no authentication; choose another name",
    ]);
  });

  test("says which names of a route nobody has defined", () => {
    const references = (written: string[], defined?: object) =>
      messages(route!.checkReferences!(decode(route, written), defined));
    expect(references(["corp", "crop", "none"], PROVIDERS)).toEqual([
      "1: there is no provider `crop`; defined under `auth`: `corp`, `slow`",
      "2: `none` stands alone: `auth: none` asks for no authentication",
    ]);
    expect(references(["corp"])).toEqual([
      "0: there is no provider `corp`; define it under `auth` at the top of the file",
    ]);
    expect(references(["none"])).toEqual([]);
    expect(references(["corp", "slow"], PROVIDERS)).toEqual([]);
  });
});
