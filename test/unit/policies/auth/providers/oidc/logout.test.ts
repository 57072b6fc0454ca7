import { describe, expect, test } from "bun:test";
import { CLIENT_ID, ISSUER } from "../../../../../support/fake-openid-provider.ts";
import { APP, Browser, FakeGateway, problemOf } from "./browser.ts";

const LOGOUT = "/oauth2/logout";
const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };

async function loggedIn(options: Record<string, unknown> = {}) {
  const gateway = new FakeGateway(options);
  const browser = new Browser(gateway);
  await browser.logIn();
  return { gateway, browser, issuer: gateway.issuer };
}

describe("a logout", () => {
  test("ends the session here and at the issuer, and has it forget the refresh token", async () => {
    const { gateway, browser, issuer } = await loggedIn({ after_logout: "/bye" });
    const copy = browser.at(gateway);
    const answer = await browser.open(LOGOUT, { fields: SAME_ORIGIN });
    expect(answer.status).toBe(302);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const location = new URL(answer.headers.get("location") ?? "");
    expect(location.origin + location.pathname).toBe(`${ISSUER}logout`);
    const { id_token_hint: hint, ...parameters } = Object.fromEntries(location.searchParams);
    expect(parameters).toEqual({ client_id: CLIENT_ID, post_logout_redirect_uri: `${APP}/bye` });
    expect(hint?.split(".")).toHaveLength(3);
    expect(browser.cookies.size).toBe(0);
    expect((await browser.ask("/things")).status).toBe(401);
    expect(issuer.count("/revoke")).toBe(1);
    const refused = await copy.ask("/things");
    expect((await problemOf(refused)).detail).toBe("the session has ended");
    expect(gateway.logged).toEqual([]);
  });

  test("may be a form", async () => {
    const { browser } = await loggedIn();
    const fields = { ...SAME_ORIGIN, origin: APP };
    const answer = await browser.open(LOGOUT, { method: "POST", fields });
    expect([answer.status, browser.cookies.size]).toEqual([303, 0]);
  });

  test.each<[string, string | undefined, string | null]>([
    ["is where the configuration says", "/bye", `${APP}/bye`],
    ["may be elsewhere", "https://www.example.com/", "https://www.example.com/"],
    ["is a line of text", undefined, null],
  ])("at an issuer without one %s", async (_where, page, location) => {
    const gateway = new FakeGateway({ after_logout: page });
    gateway.issuer.metadata = { end_session_endpoint: undefined };
    const browser = new Browser(gateway);
    await browser.logIn();
    const answer = await browser.open(LOGOUT, { fields: SAME_ORIGIN });
    expect(answer.headers.get("location")).toBe(location);
    if (location === null) expect(await answer.text()).toBe("You are logged out.\n");
  });

  test("is one here even if the issuer is down, which the log says", async () => {
    const { gateway, browser, issuer } = await loggedIn();
    issuer.isDown = true;
    await browser.open(LOGOUT, { fields: SAME_ORIGIN });
    expect(browser.cookies.size).toBe(0);
    expect(gateway.logged.join()).toContain(
      "the refresh token of someone who logged out is still good: connection refused",
    );
  });

  test.each<[string, Record<string, string>, string?]>([
    ["a link of another site", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
    ["a link of a neighbour", { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" }],
    ["an image of a page of its own", { ...SAME_ORIGIN, "sec-fetch-mode": "no-cors" }],
    [
      "what fetches pages in advance",
      { ...SAME_ORIGIN, "sec-fetch-mode": "navigate", "sec-purpose": "prefetch;prerender" },
    ],
    ["a form of another site", { origin: "https://evil.test" }, "POST"],
    ["a link in an old browser", {}],
    ["a link of another site in an old browser", { referer: "https://evil.test/" }],
    ["a form of an origin that hides", { origin: "null" }, "POST"],
  ])("does not come from %s", async (_from, fields, method = "GET") => {
    const { browser } = await loggedIn();
    const answer = await browser.ask(LOGOUT, { fields, method });
    expect((await problemOf(answer)).code).toBe("forbidden");
    expect((await browser.ask("/things")).status).toBe(200);
  });

  test.each<[string, Record<string, string>, string?]>([
    ["the address bar", { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }],
    ["a script of its own", { ...SAME_ORIGIN, "sec-fetch-mode": "cors" }, "POST"],
    ["a link in an old browser", { referer: `${APP}/things` }],
    ["a form in an old browser", { origin: APP }, "POST"],
  ])("comes from %s", async (_from, fields, method = "GET") => {
    const { browser } = await loggedIn();
    await browser.ask(LOGOUT, { fields, method });
    expect((await browser.ask("/things")).status).toBe(401);
  });

  test("is neither HEAD nor DELETE", async () => {
    const { browser } = await loggedIn();
    const answer = await browser.ask(LOGOUT, { method: "DELETE", fields: SAME_ORIGIN });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
  });
});
