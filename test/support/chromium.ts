import { type Browser, chromium } from "playwright-core";
import { PATIENCE_MS } from "./patience.ts";
import { requiresProgram } from "./requires.ts";
import type { Stage } from "./stage.ts";

/** Tests that need a browser are left out without it (Debian: chromium). */
export const hasChromium = requiresProgram("chromium", "chromium");

/** A browser that reaches this machine only. */
export async function startChromium(stage: Stage): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: Bun.which("chromium") ?? "chromium",
    args: [
      "--log-level=3",
      // Tests run as root, too.
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    ],
    timeout: PATIENCE_MS,
  });
  stage.defer(() => browser.close());
  return browser;
}
