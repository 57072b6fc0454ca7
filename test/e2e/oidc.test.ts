import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { ask, problemOf } from "../support/ask.ts";
import { hasOpenssl, issuedForAll } from "../support/certificates.ts";
import { hasChromium, startChromium } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import {
  type GatewayProcess,
  noHealthChecks,
  startGateway,
  type TestConfig,
} from "../support/gateway-process.ts";
import { type OpenidProvider, startOpenidProvider } from "../support/openid-provider.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import { createStage, type Stage } from "../support/stage.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const stage = createStage(afterAll);
const issued = issuedForAll("local", "DNS:localhost");

/** What the backend got, as its page shows it. */
interface Seen {
  readonly path: string;
  readonly user: string | null;
  readonly email: string | null;
  readonly authorization: string | null;
  readonly cookie: string | null;
}

function startBackend(): string {
  const backend = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ url, headers }) {
      const { pathname, search } = new URL(url);
      const seen: Seen = {
        path: pathname + search,
        user: headers.get("x-user"),
        email: headers.get("x-email"),
        authorization: headers.get("authorization"),
        cookie: headers.get("cookie"),
      };
      const text = Bun.escapeHTML(JSON.stringify(seen));
      return new Response(`<!doctype html><pre>${text}</pre><a href="/oauth2/logout">Log out</a>`, {
        headers: { "content-type": "text/html", "set-cookie": "own=1; Path=/" },
      });
    },
  });
  stage.defer(() => backend.stop(true));
  return `http://127.0.0.1:${backend.port}`;
}

/** The gateway's address for browsers: of another site than the issuer's. */
const siteOf = ({ port }: GatewayProcess) => `http://localhost:${port}`;

function configFor(provider: OpenidProvider, options: Record<string, unknown> = {}): TestConfig {
  return {
    health_check: noHealthChecks,
    auth: {
      login: {
        oidc: {
          issuer: provider.issuer,
          client_id: provider.clientId,
          client_secret: provider.clientSecret,
          scopes: ["openid", "email"],
          cookie: "session",
          keys: [KEY],
          after_logout: "/bye",
          ...options,
        },
        identity_headers: { "x-user": "{auth.subject}", "x-email": "{auth.claims.email}" },
      },
    },
    routes: [
      { path: "/*", backends: [backend], auth: "login" },
      { path: "/bye", backends: [backend] },
    ],
  };
}

let backend: string;
let chromium: Browser;
let provider: OpenidProvider;
let gateway: GatewayProcess;
let site: string;

beforeAll(async () => {
  if (!hasChromium) return;
  backend = startBackend();
  chromium = await startChromium(stage);
  provider = await startOpenidProvider(stage);
  // Before the issuer answers: that is no reason not to start.
  gateway = await startGateway(stage, configFor(provider));
  site = await opened(provider, siteOf(gateway));
});

/** Has an issuer take the people of a site, which tries again a second after it could not be reached. */
async function opened(issuer: OpenidProvider, at: string): Promise<string> {
  issuer.open(at);
  const headers = { accept: "text/html" };
  await eventually(async () => {
    const { status } = await ask(at, { headers, tls: { rejectUnauthorized: false } });
    return status === 302;
  });
  return at;
}

/** A browser's profile of its own, with cookies of its own. */
async function person(on: Stage = stage): Promise<BrowserContext> {
  const context = await chromium.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(PATIENCE_MS);
  on.defer(() => context.close());
  return context;
}

/** Logs in at the issuer's forms, where a page has been sent. */
async function logInAt(page: Page, name = "ada"): Promise<void> {
  await fillIn(page, name);
  await page.getByRole("button", { name: "Continue" }).click();
}

async function fillIn(page: Page, name = "ada"): Promise<void> {
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

/** A person who has logged in, and the page that they see. */
async function loggedIn(at = `${site}/start`): Promise<{ context: BrowserContext; page: Page }> {
  const context = await person();
  const page = await context.newPage();
  await page.goto(at);
  await logInAt(page);
  await page.waitForURL(at);
  return { context, page };
}

async function seenBy(page: Page): Promise<Seen> {
  return JSON.parse((await page.locator("pre").textContent()) ?? "") as Seen;
}

async function sessionOf(context: BrowserContext, name = "session"): Promise<string | undefined> {
  return (await context.cookies()).find((cookie) => cookie.name === name)?.value;
}

/**
 * Does what leads to the callback in a browser that has lost the login's cookie for the moment: the code
 * is not redeemed. Returns the callback's address.
 */
async function caught(page: Page, act: () => Promise<void>): Promise<string> {
  const context = page.context();
  const cookies = await context.cookies();
  await context.clearCookies({ name: /^session-login-/ });
  await act();
  await page.waitForURL("**/oauth2/callback?*");
  await context.addCookies(cookies);
  return page.url();
}

async function problemAt(page: Page, address: string) {
  const answer = await page.goto(address);
  const problem = (await answer?.json()) as { code: string; detail: string };
  return { status: answer?.status(), code: problem.code };
}

const LOGIN_FAILED = { status: 400, code: "login_failed" };

describe.skipIf(!hasChromium)("a person in a browser", () => {
  test("logs in, and returns to the page that was asked for", async () => {
    const { context, page } = await loggedIn(`${site}/orders/7?a=%2F&b=1`);
    const seen = await seenBy(page);
    expect(seen).toEqual({
      path: "/orders/7?a=%2F&b=1",
      user: "ada",
      email: "ada@example.com",
      authorization: null,
      cookie: null,
    });
    const cookies = (await context.cookies()).filter(({ name }) => name !== "own");
    const ours = cookies.filter(({ domain }) => domain === "localhost");
    expect(ours.map(({ name }) => name).toSorted()).toEqual(["session", "session-logins"]);
    for (const { httpOnly, sameSite } of ours) expect([httpOnly, sameSite]).toEqual([true, "Lax"]);
    // The application's own cookies stay.
    await page.goto(`${site}/again`);
    expect((await seenBy(page)).cookie).toBe("own=1");
    expect(await page.evaluate("document.cookie")).toBe("own=1");
  });

  test("can have scripts that are told when they are not logged in", async () => {
    const { context, page } = await loggedIn();
    const fetched = () => page.evaluate<number>("fetch('/api').then(({ status }) => status)");
    expect(await fetched()).toBe(200);
    await context.clearCookies();
    expect(await fetched()).toBe(401);
    const { promise, resolve } = Promise.withResolvers<void>();
    page.on("websocket", (socket) => socket.on("socketerror", () => resolve()));
    await page.evaluate(`void new WebSocket("${site.replace("http", "ws")}/socket")`);
    await promise;
  });

  test("logs in over https, by cookies that only this host can have set", async () => {
    if (!hasOpenssl) return;
    const folder = issued.folder;
    const files = { certificate: join(folder, "local.pem"), key: join(folder, "local.key") };
    const own = await startOpenidProvider(stage);
    const secure = await startGateway(stage, {
      ...configFor(own),
      server: { tls: { port: 0, certificates: [files] } },
    });
    const origin = await opened(own, secure.tlsUrl.replace(/\/\/[^:/]+/, "//localhost"));
    const { context, page } = await loggedIn(`${origin}/start?a=1`);
    expect((await seenBy(page)).user).toBe("ada");
    const cookies = await context.cookies(origin);
    const session = cookies.find(({ name }) => name === "__Host-session");
    expect(session).toMatchObject({ secure: true, httpOnly: true, sameSite: "Lax", path: "/" });
  });

  test("logs in in two tabs at the same time", async () => {
    const context = await person();
    const [one, other] = [await context.newPage(), await context.newPage()];
    await Promise.all([one.goto(`${site}/one`), other.goto(`${site}/other`)]);
    await logInAt(other);
    await other.waitForURL(`${site}/other`);
    // She has agreed by now.
    await fillIn(one);
    await one.waitForURL(`${site}/one`);
    expect(await Promise.all([seenBy(one), seenBy(other)])).toMatchObject([
      { path: "/one", user: "ada" },
      { path: "/other", user: "ada" },
    ]);
  });

  test("logs out here and at the issuer, by a link of the same site only", async () => {
    const { context, page } = await loggedIn();
    const before = await sessionOf(context);
    // Another site leads to the logout.
    await page.route(`${provider.issuer}/evil`, (route) =>
      route.fulfill({ contentType: "text/html", body: `<a href="${site}/oauth2/logout">Win</a>` }),
    );
    await page.goto(`${provider.issuer}/evil`);
    const refused = page.waitForResponse(`${site}/oauth2/logout`);
    await page.getByText("Win").click();
    expect((await refused).status()).toBe(403);
    expect(await sessionOf(context)).toBe(before);
    await page.goto(`${site}/start`);
    await page.getByText("Log out").click();
    await page.getByRole("button", { name: "Yes, sign me out" }).click();
    await page.waitForURL(`${site}/bye`);
    expect(await sessionOf(context)).toBeUndefined();
    await page.goto(`${site}/start`);
    await page.locator('input[name="login"]').waitFor();
    // A copy of the cookie is of no use.
    const copy = await ask(`${site}/api`, { headers: { cookie: `session=${before}` } });
    expect((await problemOf(copy)).detail).toBe("the session has ended");
  });

  test("is told so when the issuer is down, and stays logged in meanwhile", async () => {
    const own = await startOpenidProvider(stage, { accessTokenSeconds: 1 });
    const other = await startGateway(stage, configFor(own, { timeout: "1s" }));
    const origin = await opened(own, siteOf(other));
    const { context, page } = await loggedIn(`${origin}/start`);
    own.close();
    await page.goto(`${origin}/later`);
    expect((await seenBy(page)).user).toBe("ada");
    await context.clearCookies();
    await other.reload(configFor(own, { timeout: "2s" }));
    expect(await problemAt(page, `${origin}/start`)).toEqual({
      status: 503,
      code: "auth_unavailable",
    });
  });
});

describe.skipIf(!hasChromium)("a session", () => {
  test("is refreshed while its owner goes on, and its keys may be replaced", async () => {
    const own = await startOpenidProvider(stage, { accessTokenSeconds: 2 });
    const options = { access_token_header: "authorization" };
    const other = await startGateway(stage, configFor(own, options));
    const origin = await opened(own, siteOf(other));
    const { context, page } = await loggedIn(`${origin}/start`);
    const first = await seenBy(page);
    expect(first.authorization).toMatch(/^Bearer ./);
    const next = await eventually(async () => {
      await page.goto(`${origin}/later`);
      const seen = await seenBy(page);
      return seen.authorization === first.authorization ? undefined : seen;
    });
    expect(next.user).toBe("ada");
    expect(next.authorization).toMatch(/^Bearer ./);

    const newKey = "fedcba9876543210fedcba9876543210";
    await other.reload(configFor(own, { ...options, keys: [newKey, KEY] }));
    const before = await sessionOf(context);
    await eventually(async () => {
      await page.goto(`${origin}/later`);
      return (await sessionOf(context)) !== before;
    });
    await other.reload(configFor(own, { ...options, keys: [newKey] }));
    await page.goto(`${origin}/still`);
    expect((await seenBy(page)).user).toBe("ada");
    await other.reload(configFor(own, { ...options, keys: [KEY] }));
    // The issuer still knows her: she is back without a form.
    await page.goto(`${origin}/back`);
    expect(page.url()).toBe(`${origin}/back`);
    expect((await seenBy(page)).user).toBe("ada");
    expect(own.asked.filter((asked) => asked === "POST /token").length).toBeGreaterThan(3);
  });
});

describe.skipIf(!hasChromium)("an attack", () => {
  test("by a state that is made up gets nothing", async () => {
    const context = await person();
    const page = await context.newPage();
    const address = `${site}/oauth2/callback?code=stolen&state=${"A".repeat(43)}`;
    expect(await problemAt(page, address)).toEqual(LOGIN_FAILED);
    await page.goto(`${site}/start`);
    expect(await problemAt(page, address)).toEqual(LOGIN_FAILED);
    expect(await sessionOf(context)).toBeUndefined();
  });

  test("by another person's code gets nothing", async () => {
    const victim = await (await person()).newPage();
    await victim.goto(`${site}/start`);
    const stolen = await caught(victim, () => logInAt(victim));
    const context = await person();
    const thief = await context.newPage();
    expect(await problemAt(thief, stolen)).toEqual(LOGIN_FAILED);
    // Also not with the state of a login of the thief's own.
    await thief.goto(`${site}/start`);
    const own = new URL(await caught(thief, () => logInAt(thief, "eve")));
    own.searchParams.set("code", new URL(stolen).searchParams.get("code") ?? "");
    expect(await problemAt(thief, own.href)).toEqual(LOGIN_FAILED);
    expect(await sessionOf(context)).toBeUndefined();
  });

  test("by a callback that is opened again gets nothing", async () => {
    const context = await person();
    const page = await context.newPage();
    await page.goto(`${site}/start`);
    const address = await caught(page, () => logInAt(page));
    const cookies = await context.cookies();
    await page.goto(address);
    expect(page.url()).toBe(`${site}/start`);
    expect(await problemAt(page, address)).toEqual(LOGIN_FAILED);
    await context.clearCookies();
    await context.addCookies(cookies);
    expect(await problemAt(page, address)).toEqual(LOGIN_FAILED);
    expect(await sessionOf(context)).toBeUndefined();
  });

  test.each(["//evil.example/x", "/\\evil.example", "/%5Cevil.example", "/%2F/evil.example"])(
    "by a page elsewhere leads nowhere: %p",
    async (path) => {
      const page = await (await person()).newPage();
      await page.goto(site + path);
      await logInAt(page);
      await page.waitForURL(({ origin }) => origin === site);
      expect(new URL(page.url()).origin).toBe(site);
      expect((await seenBy(page)).user).toBe("ada");
    },
  );

  test("finds no code in the log", async () => {
    await loggedIn();
    const rows = await eventually(() => {
      const found = gateway
        .rows()
        .filter(({ path, status_code: status }) => path === "/oauth2/callback" && status === 302);
      return found.length > 0 && found;
    });
    for (const { query } of rows) expect(query).toMatch(/[?&]code=\[redacted\](?:&|$)/);
  });
});
