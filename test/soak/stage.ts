import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stage } from "../support/stage.ts";

/** A stage outside of the test runner: `clear` undoes everything, in reverse order. */
export function createSoakStage(): { stage: Stage; clear: () => Promise<void> } {
  const cleanups: (() => unknown)[] = [];
  return {
    stage: {
      defer: (cleanup) => void cleanups.push(cleanup),
      folder() {
        const folder = mkdtempSync(join(tmpdir(), "gateway-soak-"));
        cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
        return folder;
      },
    },
    async clear() {
      for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    },
  };
}
