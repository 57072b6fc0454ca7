import { describe, expect, test } from "bun:test";
import { type IdToken, ISSUER } from "../../../../../support/fake-openid-provider.ts";
import { SigningKey, unsigned } from "../../../../../support/token-issuer.ts";
import { Browser, FakeGateway, problemOf } from "./browser.ts";

function stage(options: Record<string, unknown> = {}) {
  const gateway = new FakeGateway(options);
  return { gateway, issuer: gateway.issuer, browser: new Browser(gateway) };
}

async function addressOf(browser: Browser, page = "/things"): Promise<string> {
  return (await browser.open(page)).headers.get("location") ?? "";
}

const hasSession = ({ cookies }: Browser) => cookies.has("__Host-gateway_session");

/** Changes parameters of what a browser brings back; null removes one. */
function changed(back: string, parameters: Record<string, string | null>): string {
  const url = new URL(back);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

describe("what a browser brings back", () => {
  test.each<[string, (back: string) => string]>([
    ["a state that is made up", (back) => changed(back, { state: "A".repeat(43) })],
    ["no state", (back) => changed(back, { state: null })],
    ["a state with another end", (back) => back.replace(/(state=[\w-]{42})[\w-]/, "$1~")],
    ["a state twice", (back) => `${back}&state=${new URL(back).searchParams.get("state")}`],
    ["another issuer", (back) => changed(back, { iss: "https://evil.test/" })],
    ["no issuer, from one that always sends it", (back) => changed(back, { iss: null })],
    ["no code", (back) => changed(back, { code: null })],
    ["a code that is made up", (back) => changed(back, { code: "code" })],
    ["two codes", (back) => `${back}&code=other`],
    ["an ID token", (back) => `${back}&id_token=a.b.c`],
    ["nothing", (back) => back.split("?")[0]!],
  ])("is refused with %s", async (_what, change) => {
    const { browser, issuer } = stage();
    const back = change(issuer.logIn(await addressOf(browser)));
    expect(await problemOf(await browser.open(back))).toMatchObject({
      status: 400,
      code: "login_failed",
    });
    expect(hasSession(browser)).toBe(false);
  });

  test("is good for the browser that began the login only", async () => {
    const { gateway, browser, issuer } = stage();
    const stolen = issuer.logIn(await addressOf(browser));
    const thief = new Browser(gateway);
    expect((await problemOf(await thief.open(stolen))).code).toBe("login_failed");
    // Also in the middle of a login of their own.
    const own = new URL(issuer.logIn(await addressOf(thief)));
    const code = new URL(stolen).searchParams.get("code");
    expect((await problemOf(await thief.open(changed(own.href, { code })))).code).toBe(
      "login_failed",
    );
    expect(hasSession(thief)).toBe(false);
    expect(gateway.logged).toEqual([]);
  });

  test("is good once", async () => {
    const { browser, issuer } = stage();
    const back = issuer.logIn(await addressOf(browser));
    const early = browser.at(new FakeGateway());
    expect((await browser.open(back)).status).toBe(302);
    const again = await browser.open(back);
    expect(again.headers.getSetCookie()).toEqual([]);
    expect((await problemOf(again)).code).toBe("login_failed");
    // Nor with the cookies of then: the issuer knows the code.
    expect(early.cookies.size).toBe(1);
    expect((await problemOf(await early.open(back))).code).toBe("login_failed");
  });

  test("is good until the login's time is up", async () => {
    const { gateway, browser, issuer } = stage({ login_timeout: "2m" });
    const back = issuer.logIn(await addressOf(browser));
    gateway.clock.advance(120_000);
    expect((await problemOf(await browser.open(back))).code).toBe("login_failed");
  });

  test("is not read but for GET", async () => {
    const { browser, issuer } = stage();
    const back = issuer.logIn(await addressOf(browser));
    for (const method of ["HEAD", "POST", "OPTIONS"]) {
      const answer = await browser.open(back, { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
    }
    expect((await browser.open(back)).status).toBe(302);
  });

  test("may say that the person or the issuer did not want it, and what is said is not repeated", async () => {
    const { browser, issuer, gateway } = stage();
    const cases = [
      ["access_denied", 403, "forbidden", "the issuer refused the login: access_denied"],
      ["invalid_scope", 400, "login_failed", "the issuer refused the login: invalid_scope"],
      [
        "temporarily_unavailable",
        503,
        "auth_unavailable",
        "the issuer of logins does not answer at the moment; try again later",
      ],
      ["<script>", 400, "login_failed", "the issuer refused the login: an error"],
    ] as const;
    for (const [error, status, code, detail] of cases) {
      const address = await addressOf(browser);
      const description = { error_description: "<script>alert(1)</script>" };
      const back = issuer.comeBack(address, { error, iss: ISSUER, ...description });
      const answer = await browser.open(back);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      expect(await problemOf(answer)).toEqual({ status, code, detail });
    }
    expect(browser.cookies.size).toBe(0);
    expect(gateway.logged).toHaveLength(1);
  });

  test("counts nothing for a session, by a cookie that is made up", async () => {
    const { browser } = stage();
    for (const value of ["", "1", "1AAAA", `1${"A".repeat(500)}`, "5A", "9A", "1ä", "NaN"]) {
      browser.cookies.set("__Host-gateway_session", value);
      expect((await browser.ask("/things")).status).toBe(401);
    }
  });
});

describe("an ID token", () => {
  const other = new SigningKey("ES256", "other");
  test.each<[string, (token: IdToken) => void]>([
    ["of another issuer", ({ claims }) => (claims["iss"] = "https://evil.test/")],
    ["of an issuer by another name", ({ claims }) => (claims["iss"] = "https://issuer.test")],
    ["for another client", ({ claims }) => (claims["aud"] = "other")],
    ["for others as well, without azp", ({ claims }) => (claims["aud"] = ["gw", "other"])],
    ["for a client that is not its party", ({ claims }) => (claims["azp"] = "other")],
    ["with another nonce", ({ claims }) => (claims["nonce"] = "nonce")],
    ["without nonce", ({ claims }) => delete claims["nonce"]],
    ["without subject", ({ claims }) => delete claims["sub"]],
    ["without end", ({ claims }) => delete claims["exp"]],
    ["that has ended", ({ claims }) => (claims["exp"] = 1)],
    ["of tomorrow", ({ claims }) => (claims["nbf"] = Number(claims["iat"]) + 86_400)],
  ])("is refused: one %s", async (_what, tamper) => {
    const { browser, issuer, gateway } = stage();
    issuer.tamper = tamper;
    const answer = await browser.logIn();
    expect(await problemOf(answer)).toMatchObject({ status: 503, code: "auth_unavailable" });
    expect(hasSession(browser)).toBe(false);
    expect(gateway.logged.join()).toMatch(/^warn auth\.login: a login failed at the issuer: its /);
  });

  test.each<[string, (token: string) => string | Promise<string>]>([
    ["without a signature", (token) => token.replace(/[^.]+$/, "")],
    ["with another signature", (token) => token.replace(/[^.]+$/, "AAAA")],
    ["without algorithm", (token) => unsigned({ alg: "none" }, claimsIn(token), "")],
    ["with an extension", (token) => unsigned({ alg: "ES256", crit: ["b64"] }, claimsIn(token))],
    ["of a key by HMAC", (token) => unsigned({ alg: "HS256" }, claimsIn(token))],
    ["of another key", (token) => other.sign(claimsIn(token))],
    [
      "of a key that it brings",
      (token) => other.sign(claimsIn(token), { jwk: other.jwk(), kid: undefined }),
    ],
    ["that is none", () => "token"],
  ])("is refused: one %s", async (_what, tamper) => {
    const { browser, issuer, gateway } = stage();
    issuer.tamperText = tamper;
    const address = await addressOf(browser);
    // Otherwise a look for a new key would wait for its time.
    gateway.clock.advance(10_000);
    const answer = await browser.open(issuer.logIn(address));
    expect((await problemOf(answer)).code).toBe("auth_unavailable");
    expect(hasSession(browser)).toBe(false);
  });

  function claimsIn(token: string): object {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as object;
  }
});

describe("what another provider of the same client and keys has made", () => {
  /** One that asks more of people. */
  function strictBeside({ gateway }: { gateway: FakeGateway }): FakeGateway {
    const options = {
      cookie: "strict",
      callback_path: "/strict/callback",
      authorization_parameters: { acr_values: "hardware" },
    };
    return new FakeGateway(options, { shared: gateway });
  }

  test("is no session, whatever name its cookie is given", async () => {
    const lax = stage();
    await lax.browser.logIn();
    const forger = new Browser(strictBeside(lax));
    forger.cookies.set("__Host-strict", lax.browser.cookies.get("__Host-gateway_session")!);
    expect((await forger.ask("/things")).status).toBe(401);
  });

  test("is no login that could be completed there", async () => {
    const lax = stage();
    const back = lax.issuer.logIn(await addressOf(lax.browser));
    const forger = new Browser(strictBeside(lax));
    for (const [name, value] of lax.browser.cookies) {
      forger.cookies.set(name.replace("gateway_session", "strict"), value);
    }
    const moved = back.replace("/oauth2/callback", "/strict/callback");
    expect((await problemOf(await forger.open(moved))).code).toBe("login_failed");
    expect(forger.cookies.has("__Host-strict")).toBe(false);
  });
});
