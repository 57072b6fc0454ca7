import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { TEST_TIMEOUT_MS } from "../support/patience.ts";
import { hasProc } from "../support/proc.ts";
import { requiresProgram } from "../support/requires.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const canRun = hasProc && requiresProgram("wrk", "wrk");

test.skipIf(!canRun)(
  "the benchmark measures the floor and the gateway, and leaves no process behind",
  async () => {
    await gatewayBinary();
    const bench = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), "--smoke"], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([bench.stdout.text(), bench.stderr.text()]);
    expect({ code: await bench.exited, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/the floor: [^\n]* [0-9]+ /);
    expect(out).toMatch(/this gateway, default features +[0-9]+ /);
    expect(out).not.toContain("failures");
  },
);
