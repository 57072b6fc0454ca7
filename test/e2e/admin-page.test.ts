import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { source as axe } from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { ask } from "../support/ask.ts";
import { hasChromium, startChromium } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const VIEWS = [
  "overview",
  "requests",
  "routes",
  "backends",
  "limits",
  "configuration",
  "operations",
] as const;

let chromium: Browser;
let a: MockProcess;
let b: MockProcess;
let gateway: GatewayProcess;
/** Profiles of the test: an open page goes on asking and drawing. */
const opened: BrowserContext[] = [];
/** What no page may do; every page of this file adds to it. */
const faults: string[] = [];

const config = (adminPort = 0): TestConfig => ({
  admin: { listen: `127.0.0.1:${adminPort}` },
  logging: { trace: "all" },
  health_check: { interval: "100ms", timeout: "2s", unhealthy_after: 1, healthy_after: 1 },
  routes: [
    { path: "/api/users/*", backends: [a.url, b.url] },
    { path: "/limited", backends: [a.url], rate_limit: { rate: "1/h", burst: 1 } },
  ],
});

beforeAll(async () => {
  if (!hasChromium) return;
  [a, b, chromium] = await Promise.all([
    startMockProcess(stage, "A"),
    startMockProcess(stage, "B"),
    startChromium(stage),
  ]);
  gateway = await startGateway(stage, config());
});

afterEach(() => Promise.all(opened.splice(0).map((context) => context.close())));

/** A page in a profile of its own, which takes down what it should not do. */
async function open(query = "", options: BrowserContextOptions = {}, at = gateway.adminUrl) {
  const context = await chromium.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  opened.push(context);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && !isPassing(message.text())) {
      faults.push(`${message.text()} ${message.location().url}`);
    }
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(at)) faults.push(`a request to ${request.url()}`);
  });
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI))",
  );
  await page.goto(`${at}/admin/${query}`);
  return page;
}

/**
 * The browser itself reports each connection that fails while the gateway is away, and each query of the
 * log that a busy machine does not answer in time (503). The page asks again.
 */
function isPassing(text: string): boolean {
  return /net::ERR_(?:CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|CONNECTION_RESET)|status of 503/.test(
    text,
  );
}

const isLive = (page: Page) => page.getByText("Live", { exact: true }).waitFor();
const rowOf = (page: Page, path: string) => page.locator("tbody tr", { hasText: path });
const send = (path: string) => ask(`${gateway.url}${path}`);

describe.skipIf(!hasChromium)("the operator's page", () => {
  test("says what to do on a gateway that nobody has used", async () => {
    const page = await open();
    await page.getByText(`curl -i http://127.0.0.1:${gateway.port}/api/users/`).waitFor();
  });

  test("shows a request as soon as it is over, without asking for it", async () => {
    const page = await open("?view=requests");
    await isLive(page);
    await send("/api/users/first");
    await rowOf(page, "/api/users/first").waitFor();

    await page.goto(`${gateway.adminUrl}/admin/`);
    await page.getByRole("img", { name: /^Requests per second, / }).waitFor();
    await page.getByText("All 2 backends are up.").waitFor();
  });

  test("shows only the requests that meet the filters, which are in its address", async () => {
    await send("/api/users/1?status=404");
    await send("/api/users/2");
    const page = await open("?view=requests");
    await rowOf(page, "/api/users/2").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("status:4xx path:/api/*");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\?view=requests&status=4xx&path=\/api\/\*$/);
    await rowOf(page, "/api/users/2").waitFor({ state: "detached" });
    await rowOf(page, "/api/users/1").first().waitFor();
    await send("/api/users/3?status=410");
    await rowOf(page, "/api/users/3").waitFor();

    await page.goBack();
    await page.waitForURL(/\?view=requests$/);
    await rowOf(page, "/api/users/2").first().waitFor();
    expect(await page.getByLabel("Filter the requests").inputValue()).toBe("");

    await page.getByLabel("Filter the requests").fill("stauts:404");
    await page.getByText("There is no filter “stauts”.").waitFor();
  });

  test("can be used by the keyboard alone, and shows everything of a request", async () => {
    await send("/api/users/opened?q=1");
    const page = await open("?view=requests&path=*opened");
    await rowOf(page, "/api/users/opened").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: "Request" });
    await panel.getByText("/api/users/opened?q=1").first().waitFor();
    await panel.getByRole("table", { name: "Where the time went" }).waitFor();
    await panel.getByText(/^curl .*\/api\/users\/opened/).waitFor();
    await panel.getByRole("rowheader", { name: "Pick a backend" }).waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.className")).toContain("row-link");

    await page.keyboard.press("4");
    await page.getByRole("heading", { level: 1, name: "Backends" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys and filters" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("1");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  });

  test("holds new requests back while it is paused", async () => {
    const page = await open("?view=requests&path=*held*");
    await isLive(page);
    await page.keyboard.press("p");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await send("/api/users/held");
    await page.getByText("1 new", { exact: true }).waitFor();
    expect(await rowOf(page, "held").count()).toBe(0);
    await page.keyboard.press("p");
    await rowOf(page, "held").waitFor();
  });

  test("keeps at most 500 requests", async () => {
    for (let sent = 0; sent < 520; sent += 40) {
      await Promise.all(Array.from({ length: 40 }, () => send("/api/users/many")));
    }
    const page = await open("?view=requests&path=/api/users/many");
    const rows = page.locator("tbody tr");
    for (const count of [100, 200, 300, 400, 500]) {
      await eventually(async () => (await rows.count()) === count);
      await page.getByRole("button", { name: "Load older" }).click();
    }
    await page.getByText("That is all there is.").waitFor();
    expect(await rows.count()).toBe(500);
  });

  test("zooms into a chart by dragging, and out by Escape", async () => {
    await send("/api/users/zoomed");
    const page = await open();
    await page.getByRole("img", { name: /^Requests per second, / }).waitFor();
    const plot = page.locator(".plot .u-over").first();
    const box = await plot.boundingBox();
    if (box === null) throw new Error("there is no chart");
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.3, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, y, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/\?since=[0-9TZ:.-]+&until=[0-9TZ:.-]+$/);
    await page.getByTitle("Zoom out (Esc)").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForURL(/\/admin\/$/);
    await page.getByRole("button", { name: "24h" }).click();
    await page.waitForURL(/\?since=24h$/);
  });

  test("shows a killed backend as down, and a revived one as up", async () => {
    const page = await open("?view=backends");
    const row = page.locator("tr", { hasText: b.url });
    await row.getByText("Up", { exact: true }).waitFor();
    b.kill("SIGKILL");
    await row.getByText("Down", { exact: true }).waitFor();
    b = await startMockProcess(stage, "B", ["--port", String(b.port)]);
    await row.getByText("Up", { exact: true }).waitFor();
  });

  test("drains a backend, and writes down that it did", async () => {
    const page = await open("?view=backends");
    await page.getByRole("button", { name: `Drain ${b.url}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
    const row = page.locator("tr", { hasText: b.url });
    await row.getByText("Drained", { exact: true }).waitFor();
    await page.getByRole("button", { name: `Undrain ${b.url}` }).click();
    await row.getByText("Up", { exact: true }).waitFor();
    await page.keyboard.press("7");
    await page.getByRole("rowheader", { name: "drain" }).first().waitFor();
  });

  test("survives a restart of the gateway", async () => {
    const page = await open("?view=requests&path=*after-restart");
    await isLive(page);
    await gateway.stop();
    await page.getByText(/^The gateway is away/).waitFor();
    gateway = await startGateway(stage, config(Number(new URL(gateway.adminUrl).port)));
    await isLive(page);
    await send("/api/users/after-restart");
    await rowOf(page, "after-restart").waitFor();
    expect(await page.getByText(/^The gateway is away/).count()).toBe(0);
  });

  test.each(["light", "dark"] as const)(
    "has no fault that axe finds, in %s",
    async (colorScheme) => {
      await send("/limited");
      await send("/limited");
      const page = await open("", { colorScheme, viewport: { width: 1280, height: 900 } });
      await page.evaluate(axe);
      for (const view of VIEWS) {
        await page.getByRole("link", { name: new RegExp(`^${view}$`, "i") }).click();
        await page.getByRole("heading", { level: 1, name: new RegExp(`^${view}$`, "i") }).waitFor();
        await page.locator(".loading").first().waitFor({ state: "detached" });
        const found = await page.evaluate<
          { id: string; impact: string; nodes: { html: string }[] }[]
        >("axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)");
        const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
        expect(
          serious.map(
            ({ id, nodes }) => `${view}: ${id} ${nodes.map(({ html }) => html).join(" ")}`,
          ),
        ).toEqual([]);
      }
    },
  );

  test("fits a phone", async () => {
    const page = await open("?view=requests", { viewport: { width: 360, height: 740 } });
    await rowOf(page, "/api/users/").first().waitFor();
    for (const view of VIEWS) {
      await page.getByRole("link", { name: new RegExp(`^${view}$`, "i") }).click();
      await page.getByRole("heading", { level: 1, name: new RegExp(`^${view}$`, "i") }).waitFor();
      await page.locator(".loading").first().waitFor({ state: "detached" });
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect([view, width]).toEqual([view, 360]);
    }
  });

  test("comes in the theme that was chosen", async () => {
    const page = await open("", { colorScheme: "light" });
    await page.getByRole("button", { name: "Use the dark theme" }).click();
    const background = () =>
      page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
    const dark = await background();
    await page.reload({ waitUntil: "commit" });
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
    await page.getByRole("button", { name: "Use the light theme" }).click();
    expect(await background()).not.toBe(dark);
  });

  test("asks for the token, and keeps it from scripts", async () => {
    const token = "correct-horse-battery-staple";
    const closed = await startGateway(stage, {
      ...config(),
      admin: { listen: "127.0.0.1:0", token },
    });
    const page = await open("?view=routes", {}, closed.adminUrl);
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await page.getByRole("rowheader", { name: "/api/users/*" }).waitFor();
    expect(await page.evaluate<string>("document.cookie")).toBe("");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Token").waitFor();
  });

  test("has done nothing that it may not: no error, no other address, no breach of its policy", () => {
    expect(faults).toEqual([]);
  });
});
