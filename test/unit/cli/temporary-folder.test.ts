import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../src/cli/temporary-folder.ts";

const MODULE = join(import.meta.dir, "../../../src/cli/temporary-folder.ts");

describe("a temporary folder", () => {
  test("is there until it is removed", () => {
    const folder = temporaryFolder("gateway-test-");
    expect(existsSync(folder.path)).toBe(true);
    folder.remove();
    expect(existsSync(folder.path)).toBe(false);
  });

  test.each(["process.exit(3)", "throw new Error('a crash')"])(
    "is removed when the process ends by `%s`",
    (end) => {
      const script = `import { temporaryFolder } from ${JSON.stringify(MODULE)};
        process.stdout.write(temporaryFolder("gateway-test-").path);
        ${end};`;
      const { stdout, success } = Bun.spawnSync([process.execPath, "-e", script]);
      expect(success).toBe(false);
      expect(stdout.toString()).toContain("gateway-test-");
      expect(existsSync(stdout.toString())).toBe(false);
    },
  );
});
