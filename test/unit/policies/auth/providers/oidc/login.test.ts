import { describe, expect, test } from "bun:test";
import { safeReturn } from "../../../../../../src/policies/auth/providers/oidc/navigation.ts";
import { CLIENT_ID, ISSUER } from "../../../../../support/fake-openid-provider.ts";
import { APP, Browser, FakeGateway, problemOf } from "./browser.ts";

function stage(options: Record<string, unknown> = {}) {
  const gateway = new FakeGateway(options);
  return { gateway, issuer: gateway.issuer, browser: new Browser(gateway) };
}

function locationOf(answer: Response): URL {
  return new URL(answer.headers.get("location") ?? "");
}

describe("a person without a session", () => {
  test("is sent to the issuer, with a state, a nonce and a challenge of their own", async () => {
    const { browser } = stage({ scopes: ["openid", "email"] });
    const answer = await browser.open("/things?a=1");
    expect(answer.status).toBe(302);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const location = locationOf(answer);
    expect(location.origin + location.pathname).toBe(`${ISSUER}authorize`);
    const asked = Object.fromEntries(location.searchParams);
    expect(asked).toMatchObject({
      tenant: "1",
      response_type: "code",
      client_id: CLIENT_ID,
      redirect_uri: `${APP}/oauth2/callback`,
      scope: "openid email",
      code_challenge_method: "S256",
    });
    const again = Object.fromEntries(locationOf(await browser.open("/things")).searchParams);
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(asked[name]).toMatch(/^[\w-]{43}$/);
      expect(again[name]).not.toBe(asked[name]);
    }
  });

  test("returns logged in to the page that was asked for, with its query", async () => {
    const { browser, gateway } = stage();
    const back = await browser.logIn("/things/a%20b?x=1&y=%2F");
    expect(back.status).toBe(302);
    expect(back.headers.get("location")).toBe(`${APP}/things/a%20b?x=1&y=%2F`);
    expect(back.headers.get("cache-control")).toBe("no-store");
    expect((await browser.open("/things")).status).toBe(200);
    const { identity, outgoing } = gateway.passed[0]!;
    expect(identity).toMatchObject({ provider: "login", subject: "ada" });
    expect(identity?.claims["email"]).toBe("ada@example.com");
    expect(outgoing.get("x-auth-subject")).toBe("ada");
  });

  test("gets cookies that only this host, https and no script can read", async () => {
    const { browser } = stage();
    const away = await browser.open("/things");
    const [login = ""] = away.headers.getSetCookie();
    expect(login).toMatch(
      /^__Host-gateway_session-login-[\w-]{8}=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
    );
    const back = await browser.logIn();
    expect(back.headers.getSetCookie()[0]).toMatch(
      /^__Host-gateway_session=1[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect([...browser.cookies.keys()].filter((name) => name.includes("-login-"))).toHaveLength(1);
  });

  test("may log in over plain http at a loopback host", async () => {
    const { browser, issuer } = stage({ external_url: undefined });
    const away = await browser.open("http://localhost:8080/things");
    const back = await browser.open(issuer.logIn(locationOf(away).href));
    expect(back.headers.get("location")).toBe("http://localhost:8080/things");
    expect(back.headers.getSetCookie()[0]).toMatch(
      /^gateway_session=1[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect((await browser.open("http://localhost:8080/things")).status).toBe(200);
  });

  test("can log in in several tabs at the same time", async () => {
    const { browser, issuer } = stage();
    const tabs = await Promise.all(["/a", "/b", "/c"].map((page) => browser.open(page)));
    for (const [at, page] of [
      [2, "/c"],
      [0, "/a"],
      [1, "/b"],
    ] as const) {
      const back = await browser.open(issuer.logIn(locationOf(tabs[at]!).href));
      expect(back.headers.get("location")).toBe(APP + page);
    }
    expect([...browser.cookies.keys()].filter((name) => name.includes("-login-"))).toEqual([]);
  });

  test("has at most five logins begun, the latest ones", async () => {
    const { browser, issuer, gateway } = stage();
    const tabs: Response[] = [];
    for (let at = 0; at < 9; at += 1) {
      tabs.push(await browser.open(`/${at}`));
      gateway.clock.advance(1_000);
    }
    expect(browser.cookies.size).toBe(5);
    const first = await browser.open(issuer.logIn(locationOf(tabs[3]!).href));
    expect((await problemOf(first)).code).toBe("login_failed");
    const last = await browser.open(issuer.logIn(locationOf(tabs[4]!).href));
    expect(last.headers.get("location")).toBe(`${APP}/4`);
  });

  test("gets 503 while the issuer is down, and logs in a second after it is back", async () => {
    const { gateway, issuer, browser } = stage();
    issuer.isDown = true;
    const unlucky = new FakeGateway({}, { shared: gateway });
    const other = new Browser(unlucky);
    const answer = await other.open("/things");
    expect(answer.headers.get("retry-after")).toBe("5");
    expect((await problemOf(answer)).code).toBe("auth_unavailable");
    await other.open("/things");
    expect(unlucky.logged).toEqual([
      `warn auth.login: the issuer ${ISSUER} cannot be used: connection refused; nobody can log in`,
    ]);
    issuer.isDown = false;
    expect((await other.open("/things")).status).toBe(503);
    gateway.clock.advance(1_000);
    expect((await other.open("/things")).status).toBe(302);
    expect(unlucky.logged[1]).toBe(`info auth.login: the issuer ${ISSUER} can be used again`);
    expect((await browser.logIn()).status).toBe(302);
  });
});

describe("a request that nobody sees in a browser's window", () => {
  const refused = async (fields: Record<string, string>, method = "GET") => {
    const { browser } = stage();
    const answer = await browser.ask("/things", { fields, method });
    const { status, headers } = answer;
    return [status, headers.get("www-authenticate"), headers.getSetCookie().length];
  };
  const html = { accept: "text/html" };

  test.each<[string, Record<string, string>, string?]>([
    ["fetch", { accept: "*/*", "sec-fetch-mode": "cors" }],
    ["fetch of a page", { ...html, "sec-fetch-mode": "same-origin" }],
    ["an image", { accept: "image/*", "sec-fetch-mode": "no-cors" }],
    ["a program", { accept: "*/*" }],
    ["a program that says nothing", {}],
    ["an old script", { ...html, "x-requested-with": "XMLHttpRequest" }],
    ["a form", { ...html, "sec-fetch-mode": "navigate" }, "POST"],
    ["HEAD", { ...html, "sec-fetch-mode": "navigate" }, "HEAD"],
    ["a WebSocket", { ...html, upgrade: "websocket", connection: "upgrade" }],
    [
      "a page fetched in advance",
      { ...html, "sec-fetch-mode": "navigate", "sec-purpose": "prefetch" },
    ],
  ])("is answered 401 and not redirected: %s", async (_what, fields, method) => {
    expect(await refused(fields, method)).toEqual([401, 'Cookie realm="login"', 0]);
  });

  test("is distinguished by Accept in old browsers", async () => {
    const { browser } = stage();
    expect((await browser.ask("/things", { fields: html })).status).toBe(302);
  });
});

describe("the page that a login returns to", () => {
  const returnTo = async (page: string) => {
    const { browser } = stage();
    return (await browser.logIn(page)).headers.get("location");
  };

  test.each([
    ["//evil.example/x", `${APP}/evil.example/x`],
    ["/%5Cevil.example", `${APP}/%5Cevil.example`],
    ["/%2F%2Fevil.example", `${APP}/%2F%2Fevil.example`],
    ["/?to=//evil.example", `${APP}/?to=//evil.example`],
    ["/@evil.example", `${APP}/@evil.example`],
  ])("is at the same origin: %p", async (page, location) => {
    const address = `${APP}${page}`;
    expect(await returnTo(address)).toBe(location);
  });

  test("is the start page in place of one that is too long to be remembered", async () => {
    expect(await returnTo(`/${"a".repeat(2_100)}`)).toBe(`${APP}/`);
  });

  test.each([
    ["/a?b=%2F&c", "/a?b=%2F&c"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    ["/a\\b", "/"],
    ["https://evil.example", "/"],
    ["/a\r\nSet-Cookie: a=1", "/"],
    ["/a b", "/"],
    ["", "/"],
  ])("is read from a cookie only if it is a path: %p", (page, safe) => {
    expect(safeReturn(page)).toBe(safe);
  });
});
