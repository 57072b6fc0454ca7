import { describe, expect, test } from "bun:test";
import { CLIENT_SECRET, ISSUER } from "../../../../../support/fake-openid-provider.ts";
import { Browser, FakeGateway, problemOf } from "./browser.ts";

const HOUR = 3_600_000;

function stage(options: Record<string, unknown> = {}) {
  const gateway = new FakeGateway(options);
  const { issuer, clock, logged } = gateway;
  return { gateway, issuer, clock, logged, browser: new Browser(gateway) };
}

describe("an issuer's discovery document", () => {
  test("is read ahead, and its keys", async () => {
    const { issuer } = stage();
    while (issuer.count("/jwks") === 0) await Promise.resolve();
    expect(issuer.count("/.well-known/openid-configuration")).toBe(1);
  });

  test("is read again every hour, and the last good one stays in force", async () => {
    const { issuer, clock, browser, logged } = stage();
    const address = async () => (await browser.open("/")).headers.get("location") ?? "";
    expect(await address()).toStartWith(`${ISSUER}authorize?`);
    issuer.metadata = { authorization_endpoint: `${ISSUER}new` };
    clock.advance(HOUR);
    await address();
    expect(await address()).toStartWith(`${ISSUER}new?`);
    issuer.metadata = { authorization_endpoint: "http://evil.test/" };
    clock.advance(HOUR);
    await address();
    expect(await address()).toStartWith(`${ISSUER}new?`);
    expect(logged.filter((line) => line.includes("cannot be used"))).toEqual([
      `warn auth.login: the issuer ${ISSUER} cannot be used: it has no authorization_endpoint with https; the last one stays in use`,
    ]);
    // Tried again a minute later.
    issuer.metadata = {};
    clock.advance(60_000);
    await address();
    expect(await address()).toStartWith(`${ISSUER}authorize?`);
    expect(logged.at(-1)).toBe(`info auth.login: the issuer ${ISSUER} can be used again`);
  });

  test.each<[string, Record<string, unknown> | Response, string]>([
    [
      "of another issuer",
      { issuer: "https://other.test/" },
      "it calls itself https://other.test/; write that as `issuer`",
    ],
    [
      "with a login that is not by TLS",
      { authorization_endpoint: "http://issuer.test/authorize" },
      "it has no authorization_endpoint with https",
    ],
    [
      "with a login that is a script",
      { authorization_endpoint: "javascript:alert(1)" },
      "it has no authorization_endpoint with https",
    ],
    ["without keys", { jwks_uri: undefined }, "it has no jwks_uri with https"],
    ["that is not there", new Response(null, { status: 404 }), "it answers with the status 404"],
    [
      "that is elsewhere",
      new Response(null, { status: 302, headers: { location: "https://evil.test" } }),
      "it answers with the status 302",
    ],
    ["that is broken", new Response(null, { status: 500 }), "it answers with the status 500"],
    [
      "that is a page",
      new Response("<html>", { headers: { "content-type": "text/html" } }),
      'its answer is not valid: "response" content-type must be application/json',
    ],
    ["without end", Response.json("a".repeat(1_100_000)), "its answer is too long"],
  ])("is not one %s", async (_what, found, message) => {
    const { issuer, browser, logged } = stage();
    if (found instanceof Response) {
      issuer.answerInstead = (path) => (path.startsWith("/.well-known/") ? found : undefined);
    } else issuer.metadata = found;
    expect((await problemOf(await browser.open("/"))).code).toBe("auth_unavailable");
    expect(logged).toEqual([
      `warn auth.login: the issuer ${ISSUER} cannot be used: ${message}; nobody can log in`,
    ]);
  });
});

describe("an issuer's keys", () => {
  test("may change at any time", async () => {
    const { issuer, clock, browser, gateway } = stage();
    await browser.logIn();
    clock.advance(10_000);
    issuer.rotateKeys();
    const other = new Browser(gateway);
    expect((await other.logIn()).status).toBe(302);
    expect((await other.ask("/things")).status).toBe(200);
  });

  test("may be out of reach: then they are those of before", async () => {
    const { issuer, clock, browser, gateway } = stage();
    await browser.logIn();
    issuer.answerInstead = (path) =>
      path === "/jwks" ? new Response(null, { status: 503 }) : undefined;
    clock.advance(2 * HOUR);
    const other = new Browser(gateway);
    await other.logIn();
    expect((await other.ask("/things")).status).toBe(200);
  });
});

describe("the gateway at the issuer", () => {
  async function authentication(options: Record<string, unknown>, metadata = {}) {
    const { issuer, browser } = stage({ keys: ["0123456789abcdef0123456789abcdef"], ...options });
    issuer.metadata = metadata;
    const answer = await browser.logIn();
    return [answer.status, issuer.authentications.at(-1)];
  }

  test.each<[string, Record<string, unknown>, object, "basic" | "post"]>([
    ["by Basic", {}, {}, "basic"],
    [
      "by Basic if it takes both",
      {},
      methods("client_secret_post", "client_secret_basic"),
      "basic",
    ],
    ["by its form if it takes only this", {}, methods("client_secret_post"), "post"],
    ["by its form if it is told so", { client_authentication: "post" }, {}, "post"],
    [
      "by Basic if it is told so",
      { client_authentication: "basic" },
      methods("client_secret_post"),
      "basic",
    ],
  ])("says who it is %s", async (_how, options, metadata, expected) => {
    expect(await authentication(options, metadata)).toEqual([302, expected]);
  });

  function methods(...names: string[]): object {
    return { token_endpoint_auth_methods_supported: names };
  }

  test("is told when its secret is wrong, and people are not", async () => {
    const { browser, logged } = stage({ client_secret: `${CLIENT_SECRET} of before` });
    expect(await problemOf(await browser.logIn())).toEqual({
      status: 400,
      code: "login_failed",
      detail: "the issuer refused the login: invalid_client",
    });
    expect(logged).toEqual([
      "warn auth.login: a login failed at the issuer: it answers invalid_client (logged at most once a minute)",
    ]);
  });

  test("is told by a challenge as well", async () => {
    const { browser, issuer, logged } = stage();
    issuer.answerInstead = (path) =>
      path === "/token"
        ? new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="a"' } })
        : undefined;
    await browser.logIn();
    expect(logged.join()).toContain("it answers invalid_client");
  });

  test.each<[string, () => Response, string]>([
    ["fails", () => new Response(null, { status: 502 }), "it answers with the status 502"],
    ["answers a page", () => new Response("<html>"), "its answer is not valid: "],
    [
      "gives a token that is none",
      () => Response.json({ access_token: "a\nb", token_type: "bearer", id_token: "a" }),
      "its answer is not valid: ",
    ],
  ])("trusts no issuer that %s", async (_what, answer, message) => {
    const { browser, issuer, logged } = stage();
    issuer.answerInstead = (path) => (path === "/token" ? answer() : undefined);
    expect((await problemOf(await browser.logIn())).code).toBe("auth_unavailable");
    expect(logged.join()).toContain(`a login failed at the issuer: ${message}`);
  });

  test("takes tokens by the algorithms that it may, of those the issuer says it uses", async () => {
    const { browser, logged } = stage({ algorithms: ["RS256"] });
    expect((await problemOf(await browser.logIn())).code).toBe("auth_unavailable");
    expect(logged.join()).toContain("its answer is not valid: unexpected JWT");
  });

  test("asks for a recent login, and makes sure of it", async () => {
    const options = { authorization_parameters: { max_age: "60", prompt: "login" } };
    const { browser, issuer, clock } = stage(options);
    const away = await browser.open("/");
    const { searchParams } = new URL(away.headers.get("location") ?? "");
    expect([searchParams.get("max_age"), searchParams.get("prompt")]).toEqual(["60", "login"]);
    expect((await problemOf(await browser.logIn())).code).toBe("auth_unavailable");
    const at = (age: number) => {
      issuer.tamper = ({ claims }) => (claims["auth_time"] = clock.wall() / 1_000 - age);
    };
    at(600);
    expect((await problemOf(await browser.logIn())).code).toBe("auth_unavailable");
    at(10);
    expect((await browser.logIn()).status).toBe(302);
  });
});

test("an issuer that hangs leaves room for what else the gateway has to ask", async () => {
  const { gateway, issuer, clock } = stage();
  const logins = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const browser = new Browser(gateway);
      const away = await browser.open("/things");
      return { browser, back: issuer.logIn(away.headers.get("location") ?? "") };
    }),
  );
  const { promise: never } = Promise.withResolvers<Response>();
  issuer.answerInstead = (path) => (path === "/token" ? never : undefined);
  const answers = logins.map(({ browser, back }) => browser.open(back));
  while (issuer.count("/token") < 32) await Promise.resolve();
  for (let turns = 0; turns < 100; turns += 1) await Promise.resolve();
  expect(issuer.count("/token")).toBe(32);
  clock.advance(5_000);
  for (const answer of await Promise.all(answers)) {
    expect((await problemOf(answer)).code).toBe("auth_unavailable");
  }
  issuer.answerInstead = () => undefined;
  expect((await new Browser(gateway).logIn()).status).toBe(302);
  expect(issuer.count("/token")).toBe(33);
});
