import type { Channel, ChannelEvents } from "../../../pipeline/channel.ts";
import type { Line } from "../../../transport/line.ts";

/** A client's connection after an upgrade. */
export class ClientChannel implements Channel {
  readonly #line: Line;
  readonly #onClosed: () => void;
  #early: Buffer | undefined;
  #events: ChannelEvents | undefined;
  #isEnding = false;
  #hasEnded = false;
  #closed: { readonly cause: Error | undefined } | undefined;

  /** `early` is what arrived behind the request. */
  constructor(line: Line, early: Buffer | undefined, onClosed: () => void) {
    this.#line = line;
    this.#early = early;
    this.#onClosed = onClosed;
  }

  open(events: ChannelEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) events.received(early);
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
    this.#onClosed();
  }
}
