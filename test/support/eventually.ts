import { PATIENCE_MS } from "./patience.ts";

/**
 * Waits for something without an event, such as a row in another process's database, by polling.
 * Returns the first value that is neither undefined nor false; throws if there is none in time.
 */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) {
      throw new Error(`this has not come true within ${PATIENCE_MS} ms: ${ask.toString()}`);
    }
    await Bun.sleep(ASK_AGAIN_MS);
  }
}

const ASK_AGAIN_MS = 20;
