import { write, writeSync } from "node:fs";
import type { Clock } from "../time/clock.ts";

/** Where lines end up. Resolves when the text has been taken; never rejects. */
export type Sink = (text: string) => Promise<void>;

const FLUSH_AFTER_MS = 50;
const FLUSH_AT_CHARACTERS = 64 * 1024;
// A reader that has stopped must not take the gateway's memory with it.
const HOLD_AT_MOST_CHARACTERS = 8 * 1024 * 1024;

/** Collects lines and writes them in few large pieces, so that a line costs little and none waits. */
export class LineWriter {
  readonly #sink: Sink;
  readonly #clock: Clock;
  /** Grows line by line: to join as many lines at the end would make a text of each of them first. */
  #text = "";
  #dropped = 0;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;

  constructor(sink: Sink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Takes a line without its line break. */
  line(text: string): void {
    if (this.#text.length >= HOLD_AT_MOST_CHARACTERS) {
      this.#dropped += 1;
      return;
    }
    this.#text += `${text}\n`;
    if (this.#writing !== undefined) return;
    if (this.#text.length >= FLUSH_AT_CHARACTERS) void this.flush();
    else this.#cancelTimer ??= this.#clock.schedule(FLUSH_AFTER_MS, () => void this.flush());
  }

  /** Writes what has been collected. Resolves when all of it has been taken. */
  async flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    while (this.#text !== "") {
      const text = this.#take();
      this.#writing = this.#sink(text);
      await this.#writing;
      this.#writing = undefined;
    }
  }

  /** Takes out what has been collected, for a process that has no time left to wait. */
  drain(): string {
    return this.#take();
  }

  #take(): string {
    let text = this.#text;
    this.#text = "";
    if (this.#dropped > 0) {
      text += `(${this.#dropped} lines dropped: whoever reads this output is too slow)\n`;
      this.#dropped = 0;
    }
    return text;
  }
}

const RETRY_AFTER_MS = 10;

/** A sink that writes to a file descriptor without ever blocking the event loop. */
export function descriptorSink(descriptor: number, clock: Clock): Sink {
  return async function sink(text) {
    let rest = Buffer.from(text);
    while (rest.length > 0) {
      const written = await writeSome(descriptor, rest);
      if (written === "broken") return;
      if (written === "full") await pause(clock);
      else rest = rest.subarray(written);
    }
  };
}

function writeSome(descriptor: number, bytes: Buffer): Promise<number | "full" | "broken"> {
  return new Promise((resolve) => {
    write(descriptor, bytes, (error, written) => {
      if (error === null || error === undefined) resolve(written);
      else resolve(error.code === "EAGAIN" ? "full" : "broken");
    });
  });
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(RETRY_AFTER_MS, resolve);
  });
}

/** Writes at once and gives up on what is not taken: for the last words of a process. */
export function writeNow(descriptor: number, text: string): void {
  try {
    if (text !== "") writeSync(descriptor, text);
  } catch {
    // Nobody reads any more, and there is nobody left to tell.
  }
}
