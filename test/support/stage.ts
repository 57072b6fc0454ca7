import { afterEach, setDefaultTimeout } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_TIMEOUT_MS } from "./patience.ts";

type Cleanup = () => unknown;

/** What a test sets up, and what takes it down again whether the test passes or not. */
export interface Stage {
  /** Has something undone at the end, in reverse order. */
  defer(cleanup: Cleanup): void;
  /** A new, empty folder; removed at the end. */
  folder(): string;
}

/**
 * Makes a stage that is cleared after each test; with `afterAll`, after the last one. Call it at the
 * top of a test file.
 */
export function createStage(when: (clear: () => Promise<void>) => void = afterEach): Stage {
  setDefaultTimeout(TEST_TIMEOUT_MS);
  const cleanups: Cleanup[] = [];
  when(async () => {
    const failures: unknown[] = [];
    for (const cleanup of cleanups.splice(0).toReversed()) {
      try {
        await cleanup();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "the stage could not be cleared");
  });
  return {
    defer: (cleanup) => void cleanups.push(cleanup),
    folder() {
      const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
      cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
      return folder;
    },
  };
}
