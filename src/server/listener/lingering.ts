import type { Clock } from "../../time/clock.ts";
import type { Line } from "../../transport/line.ts";

/** Milliseconds and bytes for which a client may still send. */
const LONGEST_MS = 2_000;
const MOST_BYTES = 4_194_304;

/**
 * A connection after the last bytes for its client, which may still send but is no longer read: closing
 * at once would make its system throw those bytes away (RFC 9112 section 9.6).
 */
export class Lingering {
  readonly #line: Line;
  readonly #cancelTimer: () => void;
  #bytes = 0;

  /** Closes the sending side. */
  constructor(line: Line, clock: Clock) {
    this.#line = line;
    line.shutdown();
    this.#cancelTimer = clock.schedule(LONGEST_MS, () => line.end("cut"));
  }

  received(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MOST_BYTES) this.#line.end("cut");
  }

  /** To be called when the connection is closed. */
  closed(): void {
    this.#cancelTimer();
  }
}
