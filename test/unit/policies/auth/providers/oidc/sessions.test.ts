import { describe, expect, test } from "bun:test";
import { Browser, FakeGateway, KEY, problemOf } from "./browser.ts";

const MINUTE = 60_000;
const SESSION = "__Host-gateway_session";

async function loggedIn(
  options: Record<string, unknown> = {},
  prepare?: (gateway: FakeGateway) => void,
) {
  const gateway = new FakeGateway(options);
  prepare?.(gateway);
  const browser = new Browser(gateway);
  await browser.logIn();
  const { issuer, clock } = gateway;
  issuer.asked.length = 0;
  /** Whether a script of the page is known. */
  const isKnown = async () => (await browser.ask("/things")).status === 200;
  return { gateway, browser, issuer, clock, isKnown };
}

describe("a session", () => {
  const alone = { idle_timeout: 0 };
  const withoutRefresh = ({ issuer }: FakeGateway) => (issuer.givesRefreshTokens = false);

  test("ends when its time is up, however it is used", async () => {
    const { clock, isKnown, browser } = await loggedIn({ max_age: "1h" }, withoutRefresh);
    for (let minutes = 0; minutes < 55; minutes += 5) {
      clock.advance(5 * MINUTE);
      expect(await isKnown()).toBe(true);
    }
    clock.advance(5 * MINUTE);
    const answer = await browser.ask("/things");
    expect(await problemOf(answer)).toEqual({
      status: 401,
      code: "unauthorized",
      detail: "the session has ended",
    });
    expect((await browser.open("/things")).status).toBe(302);
  });

  test("ends when its owner is away for too long, and not before", async () => {
    const { clock, isKnown, browser } = await loggedIn({ idle_timeout: "10m" }, withoutRefresh);
    for (let times = 0; times < 4; times += 1) {
      const before = browser.cookies.get(SESSION);
      clock.advance(9 * MINUTE - 1_000);
      expect(await isKnown()).toBe(true);
      expect(browser.cookies.get(SESSION)).not.toBe(before);
    }
    clock.advance(10 * MINUTE);
    expect(await isKnown()).toBe(false);
  });

  test("is not written anew by every request", async () => {
    const { clock, browser } = await loggedIn({ idle_timeout: "10m" }, withoutRefresh);
    clock.advance(MINUTE - 1_000);
    expect((await browser.ask("/things")).headers.getSetCookie()).toEqual([]);
    clock.advance(1_000);
    const { headers } = await browser.ask("/things");
    expect(headers.getSetCookie()).toHaveLength(1);
    expect(headers.get("cache-control")).toBe("private");
  });

  test("goes on without requests to the issuer if there is no refresh token", async () => {
    const { clock, isKnown, issuer } = await loggedIn(alone, withoutRefresh);
    clock.advance(11 * 60 * MINUTE);
    issuer.isDown = true;
    expect(await isKnown()).toBe(true);
    expect(issuer.count("/token")).toBe(0);
  });

  test("is in several cookies if it is large, and gone with any of them", async () => {
    const groups = Array.from({ length: 150 }, (_, at) => `a group with a long name ${at}`);
    const { browser, gateway, isKnown } = await loggedIn({}, ({ issuer }) => {
      issuer.tamper = ({ claims }) => (claims["groups"] = groups);
    });
    const names = [...browser.cookies.keys()].filter((name) => /session(?:-\d)?$/.test(name));
    expect(names).toEqual([SESSION, `${SESSION}-1`]);
    for (const value of browser.cookies.values()) expect(value.length).toBeLessThan(3_900);
    expect(await isKnown()).toBe(true);
    expect(gateway.passed[0]?.identity?.claims["groups"]).toEqual(groups);
    browser.cookies.delete(`${SESSION}-1`);
    expect(await isKnown()).toBe(false);
  });

  test("loses the cookies that it does not need any more", async () => {
    const { browser, clock, issuer, isKnown } = await loggedIn({}, ({ issuer }) => {
      issuer.tamper = ({ claims }) => (claims["groups"] = "g".repeat(5_000));
    });
    issuer.tamper = () => {};
    clock.advance(5 * MINUTE);
    expect(await isKnown()).toBe(true);
    expect(browser.cookies.has(`${SESSION}-1`)).toBe(false);
    expect(await isKnown()).toBe(true);
  });

  test("that is too large for cookies does not begin", async () => {
    const gateway = new FakeGateway({ userinfo: true });
    gateway.issuer.userinfo = { sub: "ada", groups: "g".repeat(15_000) };
    const answer = await new Browser(gateway).logIn();
    expect(answer.headers.getSetCookie().filter((one) => one.includes("session="))).toEqual([]);
    expect(await problemOf(answer)).toMatchObject({ code: "login_failed" });
    expect(gateway.logged.join()).toContain("ask for fewer scopes or claims");
  });
});

describe("a session's refresh", () => {
  test("comes before the access token's end, and is the issuer's to refuse", async () => {
    const { clock, isKnown, issuer, browser } = await loggedIn();
    clock.advance(4 * MINUTE - 1_000);
    expect(await isKnown()).toBe(true);
    expect(issuer.count("/token")).toBe(0);
    clock.advance(1_000);
    const answer = await browser.ask("/things");
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(issuer.count("/token")).toBe(1);
    expect(await isKnown()).toBe(true);
    issuer.endGrants();
    clock.advance(5 * MINUTE);
    expect(await isKnown()).toBe(false);
    expect(await isKnown()).toBe(false);
    expect(issuer.count("/token")).toBe(2);
    expect((await browser.open("/things")).status).toBe(302);
  });

  test("is one for all requests, and all of them get its cookie", async () => {
    const { gateway, clock, issuer, browser } = await loggedIn();
    clock.advance(4 * MINUTE);
    const tabs = [browser, browser.at(gateway), browser.at(gateway)];
    const first = await Promise.all(tabs.map((tab) => tab.ask("/things")));
    expect(first.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(issuer.count("/token")).toBe(1);
    // The first one waited, the others went on with what was still good, and learn of it next time.
    for (const tab of tabs) await tab.ask("/things");
    expect(issuer.count("/token")).toBe(1);
    expect(new Set(tabs.map(({ cookies }) => cookies.get(SESSION))).size).toBe(1);
  });

  test("that the issuer does not answer ends nothing, and is not tried at every request", async () => {
    const { gateway, clock, issuer, isKnown } = await loggedIn();
    clock.advance(4 * MINUTE);
    issuer.isDown = true;
    for (let times = 0; times < 5; times += 1) expect(await isKnown()).toBe(true);
    expect(issuer.count("/token")).toBe(1);
    clock.advance(5 * MINUTE);
    expect(await isKnown()).toBe(true);
    const said = "warn auth.login: sessions cannot be refreshed: connection refused";
    expect(gateway.logged.filter((line) => line.startsWith(said))).toHaveLength(2);
    issuer.isDown = false;
    clock.advance(10_000);
    expect(await isKnown()).toBe(true);
    expect(issuer.count("/token")).toBe(3);
  });

  test("does not wait for ever for an issuer that says nothing", async () => {
    const { clock, issuer, browser } = await loggedIn({ timeout: "2s" });
    clock.advance(4 * MINUTE);
    const { promise: isAsked, resolve } = Promise.withResolvers<void>();
    issuer.answerInstead = (path) => {
      if (path !== "/token") return undefined;
      resolve();
      return new Promise(() => {});
    };
    const pending = browser.ask("/things");
    await isAsked;
    clock.advance(2_000);
    expect((await pending).status).toBe(200);
  });

  test("never makes one person's session another's", async () => {
    const { clock, issuer, isKnown } = await loggedIn();
    issuer.tamper = ({ claims }) => (claims["sub"] = "root");
    clock.advance(4 * MINUTE);
    expect(await isKnown()).toBe(false);
  });

  test("brings new claims, and keeps those of before if there is no new ID token", async () => {
    const { gateway, clock, issuer, isKnown } = await loggedIn();
    issuer.tamper = ({ claims }) => (claims["email"] = "new@example.com");
    clock.advance(4 * MINUTE);
    await isKnown();
    expect(gateway.passed.at(-1)?.identity?.claims["email"]).toBe("new@example.com");
    issuer.answerInstead = (path) =>
      path === "/token"
        ? Response.json({ token_type: "bearer", access_token: "new", expires_in: 300 })
        : undefined;
    clock.advance(5 * MINUTE);
    await isKnown();
    expect(gateway.passed.at(-1)?.identity?.claims["email"]).toBe("new@example.com");
  });
});

describe("the cookie's keys", () => {
  const OTHER = "fedcba9876543210fedcba9876543210";
  const knows = async (browser: Browser, gateway: FakeGateway) =>
    (await browser.at(gateway).ask("/things")).status === 200;

  test("are the same for gateways that share sessions, and across restarts", async () => {
    const { browser } = await loggedIn();
    expect(await knows(browser, new FakeGateway())).toBe(true);
    expect(await knows(browser, new FakeGateway({ keys: [OTHER] }))).toBe(false);
  });

  test("can be replaced without logging anybody out", async () => {
    const { browser, gateway, clock } = await loggedIn();
    const next = new FakeGateway({ keys: [OTHER, KEY] }, { shared: gateway });
    const moved = browser.at(next);
    expect((await moved.ask("/things")).status).toBe(200);
    clock.advance(6 * MINUTE);
    await moved.ask("/things");
    expect(await knows(moved, new FakeGateway({ keys: [OTHER] }, { shared: gateway }))).toBe(true);
    expect(await knows(moved, new FakeGateway({ keys: [KEY] }, { shared: gateway }))).toBe(false);
  });

  test("are derived from a long client secret, and random without one", async () => {
    const { browser } = await loggedIn({ keys: undefined });
    expect(await knows(browser, new FakeGateway({ keys: undefined }))).toBe(true);
    const options = { keys: undefined, client_secret: undefined };
    const { browser: other } = await loggedIn(options, ({ issuer }) => {
      issuer.isForPublicClients = true;
    });
    expect(other.cookies.has(SESSION)).toBe(true);
    expect(await knows(other, new FakeGateway(options))).toBe(false);
  });

  test("make sessions of one client only", async () => {
    const { browser } = await loggedIn();
    expect(await knows(browser, new FakeGateway({ client_id: "other" }))).toBe(false);
    expect(await knows(browser, new FakeGateway({ issuer: "https://other.test" }))).toBe(false);
  });

  test("do not make a login's cookie a session's", async () => {
    const gateway = new FakeGateway();
    const browser = new Browser(gateway);
    await browser.open("/things");
    const [value = ""] = browser.cookies.values();
    browser.cookies.set(SESSION, `1${value}`);
    expect((await browser.ask("/things")).status).toBe(401);
  });
});
