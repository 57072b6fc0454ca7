import { write } from "node:fs";
import type { Clock } from "../time/clock.ts";
import type { SinkCounts } from "./sinks/counts.ts";

/** Takes text. Resolves with false if it cannot be written; never rejects. */
export type Output = (text: string) => Promise<boolean>;

const FLUSH_AFTER_MS = 50;
const FLUSH_AT_CHARACTERS = 64 * 1024;
// A reader that has stopped must not use up the gateway's memory.
const HOLD_AT_MOST_CHARACTERS = 8 * 1024 * 1024;

/** Collects lines and writes them in few large pieces, so lines are cheap and never delayed for long. */
export class LineWriter {
  readonly #output: Output;
  readonly #clock: Clock;
  /** Grows line by line, which is cheaper than joining an array of lines. */
  #text = "";
  /** Lines in `#text`, and lines that the output is writing. */
  #waiting = 0;
  #leaving = 0;
  #written = 0;
  #dropped = 0;
  /** Dropped lines that no notice has counted yet. */
  #unreported = 0;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  /** Takes a line, without a line break. */
  line(text: string): void {
    if (this.#text.length >= HOLD_AT_MOST_CHARACTERS) {
      this.#drop(1);
      return;
    }
    this.#text = `${this.#text}${text}\n`;
    this.#waiting += 1;
    if (this.#writing !== undefined) return;
    if (this.#text.length >= FLUSH_AT_CHARACTERS) void this.#writeAll();
    else this.#cancelTimer ??= this.#clock.schedule(FLUSH_AFTER_MS, () => void this.#writeAll());
  }

  counts(): SinkCounts {
    return {
      written: this.#written,
      queued: this.#waiting + this.#leaving,
      dropped: this.#dropped,
    };
  }

  /**
   * Writes what has been collected. Resolves when all of it is written, or after `deadlineMs`
   * milliseconds; what is not written by then is dropped.
   */
  async flush(deadlineMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancelDeadline = this.#clock.schedule(deadlineMs, () => {
      this.#giveUp();
      resolve();
    });
    await Promise.race([this.#writeAll(), late]);
    cancelDeadline();
  }

  async #writeAll(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    while (this.#text !== "") {
      this.#writing = this.#write();
      await this.#writing;
      this.#writing = undefined;
    }
  }

  async #write(): Promise<void> {
    this.#leaving = this.#waiting;
    this.#waiting = 0;
    const unreported = this.#unreported;
    this.#unreported = 0;
    const notice =
      unreported === 0
        ? ""
        : `(${unreported} lines dropped: standard output is not being read fast enough)\n`;
    const text = this.#text + notice;
    this.#text = "";
    const isWritten = await this.#output(text);
    // None are left if a deadline has passed meanwhile.
    if (isWritten) this.#written += this.#leaving;
    else this.#drop(this.#leaving);
    this.#leaving = 0;
  }

  #giveUp(): void {
    this.#drop(this.#waiting + this.#leaving);
    this.#waiting = 0;
    this.#leaving = 0;
    this.#text = "";
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#unreported += lines;
  }
}

const RETRY_AFTER_MS = 10;

/** An output that writes to a file descriptor without ever blocking the event loop. */
export function descriptorOutput(descriptor: number, clock: Clock): Output {
  return async function output(text) {
    let rest = Buffer.from(text);
    while (rest.length > 0) {
      const written = await writeSome(descriptor, rest);
      if (written === "broken") return false;
      if (written === "full") await pause(clock);
      else rest = rest.subarray(written);
    }
    return true;
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
