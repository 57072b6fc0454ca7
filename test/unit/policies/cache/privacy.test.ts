import { describe, expect, test } from "bun:test";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import { type Asked, CachedRoute } from "./cached.ts";

const cacheControl = (value: string) => ({ fields: { "cache-control": value } });

const as = (subject: string, provider = "corp") => ({
  prepare: (exchange: Exchange) => {
    exchange.identity = { subject, provider, claims: { tenant: `of ${subject}` } };
    exchange.outgoing.set("x-auth-subject", subject);
  },
});

const withCertificate = (subject: string) => ({
  request: {
    connection: {
      tls: {
        version: "TLSv1.3",
        serverName: "",
        certificate: { subject, fingerprint: "", der: new Uint8Array(), clientCert: ":AA==:" },
        isMisdirected: () => false,
      },
    },
  },
});

const kinds: [string, (who: string) => Asked][] = [
  ["with Authorization", (who) => ({ fields: { authorization: `Bearer ${who}` } })],
  ["of a known user", (who) => as(who)],
  ["with a certificate", (who) => withCertificate(`CN=${who}`)],
];

describe.each(kinds)("an answer to a request %s", (_, from) => {
  test.each(["max-age=60", "max-age=60, must-revalidate", "max-age=60, no-transform"])(
    "is not stored with %s",
    async (said) => {
      const route = new CachedRoute().answers(cacheControl(said));
      expect(await route.contents(1, "/things", from("ann"))).toEqual(["content 1"]);
      expect(route.cache.shelf.entries).toBe(0);
      expect(await route.contents(1, "/things", from("bob"))).toEqual(["content 2"]);
      expect(await route.contents(1)).toEqual(["content 3"]);
    },
  );

  test("is not stored for saying nothing, whatever `ttl` is", async () => {
    const route = new CachedRoute({ ttl: "1h" }).answers({});
    await route.ask("/things", from("ann"));
    expect(route.cache.shelf.entries).toBe(0);
  });

  test.each(["public, max-age=60", "s-maxage=60"])("is for everyone with %s", async (said) => {
    const route = new CachedRoute().answers(cacheControl(said));
    await route.ask("/things", from("ann"));
    expect(await route.contents(1, "/things", from("bob"))).toEqual(["content 1"]);
  });

  test("is what is stored for everyone", async () => {
    const route = new CachedRoute().answers(cacheControl("max-age=60"));
    await route.ask();
    expect(await route.contents(1, "/things", from("ann"))).toEqual(["content 1"]);
  });

  test("is not shared with who waits for it", async () => {
    const route = new CachedRoute().answers(cacheControl("max-age=60"));
    const asked = ["ann", "bob", "cid"].map((who) => route.ask("/things", from(who)));
    const contents = await Promise.all((await Promise.all(asked)).map((one) => one.text()));
    expect(new Set(contents).size).toBe(3);
  });
});

describe("`vary_by` gives answers of their own to", () => {
  test.each([
    ["users", "{auth.subject}", as("ann"), as("bob")],
    [
      "users of one name of two providers",
      "{auth.subject}",
      as("ann", "corp"),
      as("ann", "guests"),
    ],
    ["tenants", "{auth.claims.tenant}", as("ann"), as("bob")],
    [
      "certificates",
      "{client.certificate.subject}",
      withCertificate("CN=a"),
      withCertificate("CN=b"),
    ],
    [
      "credentials",
      "authorization",
      { fields: { authorization: "Bearer ann" } },
      { fields: { authorization: "Bearer bob" } },
    ],
    ["fields", "X-Tenant", { fields: { "x-tenant": "a" } }, { fields: { "x-tenant": "b" } }],
    ["fields and their lack", "x-tenant", { fields: { "x-tenant": "a" } }, {}],
    [
      "cookies",
      "{cookie.theme}",
      { fields: { cookie: "theme=a" } },
      { fields: { cookie: "theme=b" } },
    ],
    [
      "clients",
      "{client.ip}",
      { client: { address: "192.0.2.1" } },
      { client: { address: "192.0.2.2" } },
    ],
  ] as [string, string, Asked, Asked][])("%s", async (_, by, one, other) => {
    const route = new CachedRoute({ vary_by: [by] }).answers(cacheControl("max-age=60"));
    expect(await route.contents(2, "/things", one)).toEqual(["content 1", "content 1"]);
    expect(await route.contents(2, "/things", other)).toEqual(["content 2", "content 2"]);
    expect(await route.contents(1, "/things", one)).toEqual(["content 1"]);
    expect(route.cache.shelf.entries).toBe(2);
  });

  test("several things, wherever the value of one ends", async () => {
    const route = new CachedRoute({ vary_by: ["x-a", "x-b"] });
    const asking = (a: string, b: string) => ({ fields: { "x-a": a, "x-b": b } });
    expect(await route.contents(1, "/things", asking("1 2", "3"))).toEqual(["content 1"]);
    expect(await route.contents(1, "/things", asking("1", "2 3"))).toEqual(["content 2"]);
  });

  test("but nothing private is stored", async () => {
    const route = new CachedRoute({ vary_by: ["{auth.subject}"] }).answers(
      cacheControl("private, max-age=60"),
    );
    expect(await route.contents(2, "/things", as("ann"))).toEqual(["content 1", "content 2"]);
  });

  test.each([
    ["subject", "{auth.subject}", as("")],
    ["such claim", "{auth.claims.email}", as("ann")],
    ["name in the certificate", "{client.certificate.subject}", withCertificate("")],
  ])("but not to those without a %s, who would all share theirs", async (_what, text, who) => {
    const route = new CachedRoute({ ttl: "1m", vary_by: [text] });
    expect(await route.contents(2, "/things", who)).toEqual(["content 1", "content 2"]);
    expect(route.cache.shelf.entries).toBe(0);
  });

  test("with a cookie, `ttl` counts again", async () => {
    const route = new CachedRoute({ ttl: "1m", vary_by: ["{cookie.session}"] }).answers({});
    const fields = { cookie: "session=1" };
    expect(await route.contents(2, "/things", { fields })).toEqual(["content 1", "content 1"]);
  });
});

describe("what is made of a request after the cache", () => {
  test.each([
    ["{header.x-tenant}", { fields: { "x-tenant": "a" } }, { fields: { "x-tenant": "b" } }],
    ["/of/{cookie.who}", { fields: { cookie: "who=a" } }, { fields: { cookie: "who=b" } }],
    ["{client.ip}", { client: { address: "192.0.2.1" } }, { client: { address: "192.0.2.2" } }],
  ] as [string, Asked, Asked][])("by %s tells requests apart", async (text, one, other) => {
    const route = new CachedRoute(true, { behind: [text] });
    expect(await route.contents(2, "/things", one)).toEqual(["content 1", "content 1"]);
    expect(await route.contents(2, "/things", other)).toEqual(["content 2", "content 2"]);
  });

  test("by {auth.subject} tells users apart, and makes nothing storable that is not public", async () => {
    const route = new CachedRoute(true, { behind: ["{auth.subject}"] });
    route.answers(cacheControl("max-age=60"));
    expect(await route.contents(2, "/things", as("ann"))).toEqual(["content 1", "content 2"]);
    route.answers(cacheControl("public, max-age=60"));
    expect(await route.contents(2, "/things", as("ann"))).toEqual(["content 3", "content 3"]);
    expect(await route.contents(2, "/things", as("bob"))).toEqual(["content 4", "content 4"]);
  });

  test("by its URL or its id does not", async () => {
    const behind = ["/v2{request.path}?{request.query}", "{request.id}", "{path.id}", "{query.a}"];
    const route = new CachedRoute(true, { behind });
    expect(await route.contents(2)).toEqual(["content 1", "content 1"]);
  });
});

describe("Vary", () => {
  const varying = (vary: string) => ({ fields: { "cache-control": "max-age=60", vary } });

  test("tells requests apart by the fields that it names", async () => {
    const route = new CachedRoute().answers(varying("X-A, X-B"));
    const asking = (fields: Record<string, string>) => route.contents(1, "/things", { fields });
    expect(await asking({ "x-a": "1", "x-b": "1" })).toEqual(["content 1"]);
    expect(await asking({ "x-a": "1", "x-b": "2" })).toEqual(["content 2"]);
    expect(await asking({ "x-a": "1" })).toEqual(["content 3"]);
    expect(await asking({ "x-a": "1", "x-b": "" })).toEqual(["content 4"]);
    expect(await asking({ "x-a": "1", "x-b": "1", "x-c": "3" })).toEqual(["content 1"]);
  });

  test("means what the backend gets, not what the client has sent", async () => {
    const route = new CachedRoute().answers({
      fields: { "cache-control": "public, max-age=60", vary: "X-Auth-Subject" },
    });
    expect(await route.contents(2, "/things", as("ann"))).toEqual(["content 1", "content 1"]);
    expect(await route.contents(2, "/things", as("bob"))).toEqual(["content 2", "content 2"]);
  });

  test("may differ among the answers of one URL", async () => {
    const route = new CachedRoute().answers(varying("x-a"));
    await route.ask("/things", { fields: { "x-a": "1" } });
    route.answers(varying("x-b"));
    const other = { fields: { "x-a": "2", "x-b": "1" } };
    expect(await route.contents(2, "/things", other)).toEqual(["content 2", "content 2"]);
    expect(await route.contents(1, "/things", { fields: { "x-a": "1" } })).toEqual(["content 1"]);
  });

  test("finds the same preferences in another spelling", async () => {
    const route = new CachedRoute().answers(varying("accept-encoding"));
    await route.ask("/things", { fields: { "accept-encoding": "gzip, br" } });
    const fields = { "accept-encoding": "GZIP ,br" };
    expect(await route.contents(1, "/things", { fields })).toEqual(["content 1"]);
  });

  test.each([
    ["an origin that may read it", { "access-control-allow-origin": "http://a.test" }, "origin"],
    ["a coding", { "content-encoding": "gzip" }, "accept-encoding"],
  ] as [string, Record<string, string>, string][])(
    "is not needed for %s",
    async (_, fields, name) => {
      const route = new CachedRoute().answers({
        fields: { "cache-control": "max-age=60", ...fields },
      });
      await route.ask("/things", { fields: { [name]: "one" } });
      const other = { fields: { [name]: "other" } };
      expect(await route.contents(1, "/things", other)).toEqual(["content 2"]);
    },
  );
});
