import { describe, expect, test } from "bun:test";
import { Browser, FakeGateway, problemOf } from "./browser.ts";

const MINUTE = 60_000;

async function loggedIn(
  options: Record<string, unknown> = {},
  prepare?: (gateway: FakeGateway) => void,
  passes = false,
) {
  const gateway = new FakeGateway(options, { passes });
  prepare?.(gateway);
  const browser = new Browser(gateway);
  await browser.logIn();
  return { gateway, browser, issuer: gateway.issuer, clock: gateway.clock };
}

describe("what a backend gets", () => {
  test("has the application's cookies, and none of the gateway's", async () => {
    const { browser, gateway } = await loggedIn();
    browser.cookies.set("theme", "dark");
    browser.cookies.set("__Host-gateway_session-1", "part");
    browser.cookies.set("__Host-gateway_session-login-abcdefgh", "login");
    browser.cookies.set("gateway_session", "of plain http");
    browser.cookies.set("__Host-gateway_session-9", "not ours");
    browser.cookies.set("lang", "de");
    for (const isOpen of [false, true]) {
      await browser.ask("/things", { isOpen });
      expect(gateway.passed.at(-1)?.outgoing.get("cookie")).toBe(
        "theme=dark; gateway_session=of plain http; __Host-gateway_session-9=not ours; lang=de",
      );
    }
  });

  test("has no Cookie field if there are no others", async () => {
    const { browser, gateway } = await loggedIn();
    await browser.ask("/things");
    expect(gateway.passed[0]?.outgoing.get("cookie")).toBeNull();
  });

  test("has the session's cookie if it is to be passed on", async () => {
    const { browser, gateway } = await loggedIn({}, undefined, true);
    await browser.ask("/things");
    expect(gateway.passed[0]?.outgoing.get("cookie")).toContain("__Host-gateway_session=1");
  });

  test("is what other lines of Cookie had, by HTTP/2", async () => {
    const { browser, gateway } = await loggedIn();
    const [session = ""] = [...browser.cookies].map(([name, value]) => `${name}=${value}`);
    const fields = [
      ["cookie", "a=1"],
      ["cookie", session],
      ["cookie", "b=2; c=3"],
    ] as const;
    const url = "https://app.example.com/things";
    const answer = await gateway.send({ url, fields, client: { protocol: "https" } });
    expect(answer.status).toBe(200);
    expect(gateway.passed[0]?.outgoing.get("cookie")).toBe("a=1; b=2; c=3");
  });

  test.each([
    ["Authorization", /^Bearer access-/],
    ["X-Access-Token", /^access-/],
  ])("has the access token in %s if it is to", async (field, form) => {
    const { browser, gateway } = await loggedIn({ access_token_header: field });
    await browser.ask("/things", { fields: { [field.toLowerCase()]: "the client's own" } });
    expect(gateway.passed[0]?.outgoing.get(field)).toMatch(form);
  });

  test("has an access token that is good, or the request waits or fails", async () => {
    const options = { access_token_header: "authorization" };
    const { browser, gateway, clock, issuer } = await loggedIn(options);
    const tokenOf = () => gateway.passed.at(-1)?.outgoing.get("authorization");
    await browser.ask("/things");
    const first = tokenOf();
    clock.advance(5 * MINUTE);
    const answers = await Promise.all([browser.ask("/things"), browser.ask("/things")]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const tokens = gateway.passed.slice(-2).map(({ outgoing }) => outgoing.get("authorization"));
    expect(tokens[1]).toEqual(tokens[0]);
    expect(tokens[0]).not.toEqual(first);
    expect(issuer.count("/token")).toBe(2);
    clock.advance(5 * MINUTE);
    issuer.isDown = true;
    expect(await problemOf(await browser.ask("/things"))).toMatchObject({
      status: 503,
      code: "auth_unavailable",
    });
    issuer.isDown = false;
    clock.advance(MINUTE);
    expect((await browser.ask("/things")).status).toBe(200);
  });

  test("ends with an access token that cannot be refreshed", async () => {
    const options = { access_token_header: "authorization" };
    const { browser, clock } = await loggedIn(options, ({ issuer }) => {
      issuer.givesRefreshTokens = false;
    });
    clock.advance(5 * MINUTE - 1_000);
    expect((await browser.ask("/things")).status).toBe(200);
    clock.advance(1_000);
    expect((await browser.ask("/things")).status).toBe(401);
    expect((await browser.open("/things")).status).toBe(302);
  });

  test("has the claims of the userinfo endpoint if that is asked, behind those of the ID token", async () => {
    const { browser, gateway, clock, issuer } = await loggedIn({ userinfo: true }, ({ issuer }) => {
      issuer.userinfo = { sub: "ada", groups: ["staff"], email: "other@example.com" };
    });
    const claims = () => gateway.passed.at(-1)?.identity?.claims;
    await browser.ask("/things");
    expect(claims()).toMatchObject({ groups: ["staff"], email: "ada@example.com" });
    issuer.userinfo = { sub: "ada", groups: ["admin"] };
    clock.advance(4 * MINUTE);
    await browser.ask("/things");
    expect(claims()).toMatchObject({ groups: ["admin"] });
    // If only this endpoint is down, the refreshed tokens are kept all the same.
    issuer.answerInstead = (path) =>
      path === "/userinfo" ? new Response(null, { status: 503 }) : undefined;
    clock.advance(4 * MINUTE);
    await browser.ask("/things");
    expect(claims()).toMatchObject({ groups: ["admin"] });
    issuer.answerInstead = () => undefined;
    clock.advance(4 * MINUTE);
    expect((await browser.ask("/things")).status).toBe(200);
  });

  test("is nothing if the userinfo is another person's", async () => {
    const gateway = new FakeGateway({ userinfo: true });
    gateway.issuer.userinfo = { sub: "root" };
    const answer = await new Browser(gateway).logIn();
    expect((await problemOf(answer)).code).toBe("auth_unavailable");
  });
});
