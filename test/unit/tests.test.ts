import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const TESTS = join(import.meta.dir, "..");

// The runner's own limit is 5 s of wall clock, which a busy machine takes for a second of work.
describe("a test of properties", () => {
  const files = [...new Bun.Glob("**/*.property.test.ts").scanSync(TESTS)];

  test.each(files)("has time to spare in %s", (file) => {
    const text = readFileSync(join(TESTS, file), "utf8");
    expect(text).toMatch(/^setDefaultTimeout\(TEST_TIMEOUT_MS\);$|= createStage\(/m);
  });
});
