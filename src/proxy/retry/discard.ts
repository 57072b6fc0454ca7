import type { IncomingContent } from "../../pipeline/incoming-content.ts";
import type { Clock } from "../../time/clock.ts";

/** Bytes that are read to the end, so that the connection can be used again. */
const MOST_BYTES = 65_536;
/** Milliseconds for that. */
const LONGEST = 1_000;

/** One for all: what it costs to make one is more than to read a small answer. */
const NOT_PASSED_ON = new Error("the answer is not passed on");

/**
 * Gets rid of the content of an answer that is not passed on. A little is read to its end; otherwise the
 * connection is closed, or the stream reset.
 */
export async function discard(content: IncomingContent, clock: Clock): Promise<void> {
  const cancelTimer = clock.schedule(LONGEST, () => void content.cancel(NOT_PASSED_ON));
  try {
    let left = (content.length ?? 0) > MOST_BYTES ? 0 : MOST_BYTES;
    while (left > 0) {
      const { value } = await content.read();
      if (value === undefined) return;
      left -= value.length;
    }
    await content.cancel(NOT_PASSED_ON);
  } catch {
    // It broke off, which nobody needs to know.
  } finally {
    cancelTimer();
  }
}
