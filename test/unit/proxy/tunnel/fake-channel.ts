import type { Channel, ChannelEvents } from "../../../../src/pipeline/channel.ts";
import type { TunnelRecord } from "../../../../src/proxy/tunnel/tunnel.ts";
import type { ErrorCode } from "../../../../src/pipeline/errors.ts";

/** A connection that takes note of what is done with it; what it receives is the test's to say. */
export class FakeChannel implements Channel {
  /** Calls other than `write`, in order. */
  readonly done: string[] = [];
  /** Whether it accepts what is written; otherwise that is queued. */
  hasRoom = true;
  #written: Uint8Array[] = [];
  #events: ChannelEvents | undefined;

  /** What was written since the last look. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#written);
    this.#written = [];
    return bytes;
  }

  get isOpen(): boolean {
    return this.#events !== undefined;
  }

  receives(bytes: string | Uint8Array): void {
    this.#events?.received(Buffer.from(bytes as string));
  }

  drains(): void {
    this.hasRoom = true;
    this.#events?.drained();
  }

  ends(): void {
    this.#events?.ended();
  }

  closes(cause?: Error): void {
    this.#events?.closed(cause);
  }

  open(events: ChannelEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    this.#written.push(bytes);
    return this.hasRoom;
  }

  pause(): void {
    this.done.push("pause");
  }

  resume(): void {
    this.done.push("resume");
  }

  end(): void {
    this.done.push("end");
  }

  cut(): void {
    this.done.push("cut");
  }
}

/** What a tunnel writes to its exchange. */
export class FakeRecord implements TunnelRecord {
  bytesIn = 0;
  bytesOut = 0;
  messagesIn = 0;
  messagesOut = 0;
  failures: [ErrorCode, string][] = [];

  get code(): ErrorCode | undefined {
    return this.failures[0]?.[0];
  }

  fail(code: ErrorCode, detail: string): void {
    this.failures.push([code, detail]);
  }
}
