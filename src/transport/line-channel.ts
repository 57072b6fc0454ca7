import type { Channel, ChannelEvents } from "../pipeline/channel.ts";
import type { Line } from "./line.ts";

/** A connection after an upgrade. Its owner passes its socket's events on. */
export class LineChannel implements Channel {
  readonly #line: Line;
  readonly #onClosed: (() => void) | undefined;
  #early: Buffer | undefined;
  #events: ChannelEvents | undefined;
  #isEnding = false;
  #hasEnded = false;
  #closed: { readonly cause: Error | undefined } | undefined;

  /** `early` is what arrived after the last message of HTTP. */
  constructor(line: Line, early: Buffer | undefined, onClosed?: () => void) {
    this.#line = line;
    this.#onClosed = onClosed;
    this.#early = early;
  }

  open(events: ChannelEvents): void {
    this.#events = events;
    this.#line.keepAlive();
    this.#line.resume();
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined && early.length > 0) events.received(early);
    if (this.#hasEnded) events.ended();
    if (this.#closed !== undefined) events.closed(this.#closed.cause);
  }

  write(bytes: Uint8Array): boolean {
    this.#line.write(bytes);
    return !this.#line.isFull;
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  end(): void {
    this.#isEnding = true;
    if (!this.#line.isFull) this.#line.shutdown();
  }

  cut(): void {
    this.#line.end("cut");
  }

  received(bytes: Buffer): void {
    if (this.#events !== undefined) this.#events.received(bytes);
    else this.#early = this.#early === undefined ? bytes : Buffer.concat([this.#early, bytes]);
  }

  /** The line has room again. */
  drained(): void {
    if (this.#line.isFull) return;
    if (this.#isEnding) this.#line.shutdown();
    this.#events?.drained();
  }

  ended(): void {
    this.#hasEnded = true;
    this.#events?.ended();
  }

  closed(cause: Error | undefined): void {
    this.#closed = { cause };
    this.#events?.closed(cause);
    this.#onClosed?.();
  }
}
