/**
 * A gateway under mixed load, by hand:
 *
 *   npm run soak -- [--minutes 3]            memory, descriptors and rows on a bad day
 *   npm run soak -- --chaos [--minutes 3]    rows equal to exchanges whatever happens around it
 */
import { parseArgs } from "node:util";
import { hasProc } from "../support/proc.ts";
import { chaos } from "./chaos.ts";
import { soak } from "./soak.ts";
import { createSoakStage } from "./stage.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    chaos: { type: "boolean", default: false },
  },
});
const duration = Number(values.minutes) * 60_000;
if (!(duration > 0 && duration <= 3_600_000)) fail("--minutes is a number up to 60");
if (!hasProc) fail("the soak reads /proc, which only Linux has");

const { stage, clear } = createSoakStage();
let passed = false;
try {
  passed = await (values.chaos ? chaos : soak)(stage, duration);
} finally {
  await clear();
}
process.exit(passed ? 0 : 1);

function fail(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
