/**
 * Takes the pictures of the operator's page in docs/images: `npm run screenshots [-- SECONDS]`. Runs the
 * executable with real backends and traffic for that long (300 s, so that the live charts are full).
 * Inter and JetBrains Mono (Debian: fonts-inter, fonts-jetbrains-mono) make them look as they are there.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { ask } from "./support/ask.ts";
import { startChromium } from "./support/chromium.ts";
import { type GatewayProcess, startGateway, type TestConfig } from "./support/gateway-process.ts";
import { startMockProcess } from "./support/mock-process.ts";
import type { Stage } from "./support/stage.ts";

const IMAGES = join(import.meta.dir, "../docs/images");
const CLIENTS = ["mobile-app", "billing", "partner-7", "ada"] as const;
const WAVE = 70;
/** Requests per second: the least, and how far the wave goes beyond it. */
const LEAST = 8;
const HEIGHT = 14;

const cleanups: (() => unknown)[] = [];
const stage: Stage = {
  defer: (cleanup) => void cleanups.push(cleanup),
  folder() {
    const folder = mkdtempSync(join(tmpdir(), "gateway-screenshots-"));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  },
};

try {
  await takeAll(Number(process.argv[2] ?? 300));
} finally {
  for (const cleanup of cleanups.toReversed()) await cleanup();
}

async function takeAll(seconds: number): Promise<void> {
  const [usersA, usersB, ordersA, ordersB, search, dead] = await Promise.all([
    startMockProcess(stage, "users-1", ["--latency", "4ms"]),
    startMockProcess(stage, "users-2", ["--latency", "7ms"]),
    startMockProcess(stage, "orders-1", ["--latency", "11ms"]),
    startMockProcess(stage, "orders-2", ["--latency", "14ms", "--fail-rate", "0.06"]),
    startMockProcess(stage, "search", ["--latency", "45ms"]),
    startMockProcess(stage, "orders-3"),
  ]);
  const config: TestConfig = {
    admin: { listen: "127.0.0.1:0" },
    logging: { trace: "all" },
    health_check: { interval: "1s", timeout: "500ms", unhealthy_after: 1 },
    auth: {
      partners: {
        api_key: {
          keys: Object.fromEntries(CLIENTS.map((name) => [name, { hash: hashOf(keyOf(name)) }])),
        },
      },
    },
    upstreams: {
      users: { backends: [{ url: usersA.url, weight: 2 }, usersB.url] },
      "users-next": { backends: [usersB.url] },
      orders: { backends: [ordersA.url, ordersB.url, dead.url] },
    },
    routes: [
      {
        path: "/api/users/*",
        split: [
          { upstream: "users", weight: 95 },
          { upstream: "users-next", weight: 5 },
        ],
        auth: "partners",
      },
      { path: "/api/orders/*", upstream: "orders", auth: "partners", retry: 2 },
      {
        path: "/search",
        rewrite: "/echo",
        backends: [search.url],
        rate_limit: { rate: "3/s", burst: 6, key: "client_ip" },
      },
      {
        path: "/assets/*name",
        rewrite: "/bytes/4096",
        backends: [usersA.url],
        cache: { ttl: "10s" },
      },
      { path: "/reports/*", rewrite: "/api/orders/1", backends: [ordersA.url] },
      { path: "/old/*rest", redirect: "/api/{path.rest}" },
    ],
  };
  const gateway = await startGateway(stage, config);
  const browser = await startChromium(stage);
  // The live charts begin when somebody looks.
  const watcher = await browser.newPage();
  await watcher.goto(`${gateway.adminUrl}/admin/`);
  dead.kill("SIGKILL");
  await sendFor(gateway, seconds);
  const sending = sendFor(gateway, 60);
  for (const colorScheme of ["light", "dark"] as const) await take(browser, gateway, colorScheme);
  await sending;
}

async function sendFor(gateway: GatewayProcess, seconds: number): Promise<void> {
  for (let tick = 0; tick < seconds * 4; tick += 1) {
    const rate =
      LEAST + HEIGHT * (1 + Math.sin(((tick / 4) * 2 * Math.PI) / WAVE)) + Math.random() * 6;
    for (let sent = 0; sent < rate / 4; sent += 1) {
      ask(...aRequest(gateway.url)).then(
        (answer) => answer.arrayBuffer(),
        () => {},
      );
    }
    await Bun.sleep(250);
  }
}

function aRequest(url: string): [string, BunFetchRequestInit] {
  const kind = Math.random();
  const id = 1000 + Math.floor(Math.random() * 80);
  const client = CLIENTS[Math.floor(Math.random() * CLIENTS.length)] ?? "ada";
  const headers = { "x-api-key": keyOf(client), "user-agent": `${client}/2.4` };
  if (kind < 0.42) return [`${url}/api/users/${id}`, { headers }];
  if (kind < 0.46) return [`${url}/api/users/`, { method: "POST", body: "{}", headers }];
  if (kind < 0.68) return [`${url}/api/orders/${id}`, { headers }];
  if (kind < 0.7)
    return [`${url}/api/orders/${id}?delay=${20 + Math.floor(Math.random() * 160)}ms`, { headers }];
  if (kind < 0.86) return [`${url}/search?q=wool+socks&page=${id % 5}`, {}];
  if (kind < 0.96) return [`${url}/assets/img/logo-${id % 6}.svg`, {}];
  if (kind < 0.98) return [`${url}/old/users/${id}`, {}];
  if (kind < 0.99) return [`${url}/api/users/${id}`, {}];
  return [`${url}/favicon.ico`, {}];
}

function keyOf(client: string): string {
  return `gw_${client}_`.padEnd(40, "0123456789abcdef");
}

function hashOf(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

async function take(browser: Browser, { adminUrl }: GatewayProcess, colorScheme: "light" | "dark") {
  mkdirSync(IMAGES, { recursive: true });
  const page = await browser.newPage({ colorScheme, viewport: { width: 1360, height: 850 } });
  const shot = async (name: string) => {
    await page.locator(".loading").first().waitFor({ state: "detached" });
    // What comes by events has come, and nothing fades any more.
    await page.waitForTimeout(1_500);
    await page.screenshot({ path: join(IMAGES, `${name}-${colorScheme}.png`) });
  };
  await page.goto(`${adminUrl}/admin/`);
  await shot("page-overview");
  await page.goto(`${adminUrl}/admin/?view=requests&status=>=400&route=/api/orders/*`);
  await page.locator("a.row-link").nth(2).click();
  await page.getByRole("table", { name: "Where the time went" }).waitFor();
  await shot("page-request");
  await page.goto(`${adminUrl}/admin/?view=backends`);
  await shot("page-backends");
  await page.close();
}
