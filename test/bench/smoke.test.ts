import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { stringify } from "yaml";
import { isError, loadConfig } from "../../src/config/load.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { TEST_TIMEOUT_MS } from "../support/patience.ts";
import { hasProc } from "../support/proc.ts";
import { requiresProgram } from "../support/requires.ts";
import { features } from "./features/all.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const canRun = hasProc && requiresProgram("wrk", "wrk");

test.skipIf(!canRun)(
  "the benchmark measures the floor and the gateway, and leaves no process behind",
  async () => {
    const { code, out, err } = await bench("--smoke");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/the floor: [^\n]* [0-9]+ /);
    expect(out).toMatch(/this gateway, default features +[0-9]+ /);
    expect(out).not.toContain("failures");
  },
);

test.skipIf(!canRun)("the benchmark measures what a feature costs", async () => {
  const { code, out, err } = await bench("--smoke", "--features", "--only", "sticky");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^`sticky`, [^\n]* [0-9.]+ +[0-9.]+ +-?[0-9.]+ +[0-9.]+ +[0-9.]+$/m);
  expect(out).not.toContain("failures");
});

test.skipIf(!canRun)("the benchmark measures queries of a log", async () => {
  const { code, out, err } = await bench("--smoke", "--log");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^overview +[0-9]+ +[0-9.]+ /m);
  expect(out).toMatch(/^a page by two filters +[0-9]+ +[0-9.]+ /m);
  expect(out).toMatch(/^while the log is queried +[0-9]+ /m);
});

test("the configurations of all features are valid", () => {
  for (const { key, with: one, without } of features) {
    for (const { setup } of [one, without]) {
      const text = stringify({ ...setup.settings?.(BACKEND), routes: setup.routes(BACKEND) });
      const { diagnostics } = loadConfig(key, text, {});
      expect(diagnostics.filter(isError).map(({ message }) => `${key}: ${message}`)).toEqual([]);
    }
  }
});

const BACKEND = "http://127.0.0.1:9001";

async function bench(...options: string[]): Promise<{ code: number; out: string; err: string }> {
  await gatewayBinary();
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), ...options], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, err };
}
