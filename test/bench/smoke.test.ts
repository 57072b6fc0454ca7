import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { TEST_TIMEOUT_MS } from "../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const CAN_RUN = process.platform === "linux" && Bun.which("wrk") !== null;
const NAME = CAN_RUN
  ? "the benchmark measures the floor and the gateway, and leaves no process behind"
  : "the benchmark runs (skipped: it needs Linux and wrk, apt-get install wrk)";

test.skipIf(!CAN_RUN)(NAME, async () => {
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
});
