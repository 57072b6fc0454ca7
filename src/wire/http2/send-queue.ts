import { DEFAULT_WINDOW, FRAME_HEADER, SMALLEST_MAX_FRAME_SIZE } from "./frames.ts";
import type { FrameSender } from "./frame-sender.ts";
import type { Stream } from "./stream.ts";

const LARGEST_FRAME = FRAME_HEADER + SMALLEST_MAX_FRAME_SIZE;

/** Streams with content to send: each sends one frame, then it is the next one's turn. */
export class SendQueue {
  /** Content that the peer allows for all streams, in bytes. */
  window = DEFAULT_WINDOW;
  readonly #sender: FrameSender;
  readonly #waiting: Stream[] = [];

  constructor(sender: FrameSender) {
    this.#sender = sender;
  }

  /** Whether content can be written at once, with nothing of other streams waiting for it. */
  get isFree(): boolean {
    const { isFull, room } = this.#sender;
    return this.#waiting.length === 0 && !isFull && room >= LARGEST_FRAME;
  }

  add(stream: Stream): void {
    if (stream.isWaiting) return;
    stream.isWaiting = true;
    this.#waiting.push(stream);
  }

  /** Sends what windows and socket allow. */
  sendAll(): void {
    const waiting = this.#waiting;
    while (waiting.length > 0 && this.window > 0 && !this.#sender.isFull) {
      if (this.#sender.room < LARGEST_FRAME) {
        this.#sender.flush();
        continue;
      }
      const stream = waiting.shift();
      if (stream === undefined) break;
      stream.isWaiting = false;
      if (!stream.isClosed && stream.sendSome()) this.add(stream);
    }
    this.#sender.flush();
  }
}
