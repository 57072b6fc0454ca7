import type { Field } from "../http/field.ts";
import type { Clock } from "../time/clock.ts";
import { IdleTimeout } from "../time/idle-timeout.ts";

/** A piece of content; the last one is `done` and has no value. */
export interface ReadResult {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

/** What `read` answers at the end. */
export const END: ReadResult = { done: true };

/** Content that is read piece by piece. */
export interface ContentReader {
  /** In bytes; absent or undefined if unknown. */
  readonly length?: number | undefined;
  /** The fields after the content, once `read` has answered `done`; undefined without any. */
  readonly trailers?: readonly Field[] | undefined;
  /**
   * Whether it ends with trailers that say why if it breaks off, so that it is read to its end even
   * after a cancellation.
   */
  readonly explainsFailure?: boolean;
  /** One reading at a time; synchronously if a piece is there. Rejects if the content breaks off. */
  read(): ReadResult | Promise<ReadResult>;
  /**
   * Goes back to the first byte. False if what was read is not there any more. A pending `read` gets
   * nothing more.
   */
  rewind?(): boolean;
  /** The rest is not wanted; the sender is informed. A pending `read` ends. */
  cancel(reason: unknown): Promise<void>;
}

/** Looks at content as it passes. It must not throw, nor keep or change a piece. */
export interface ContentViewer {
  see(piece: Uint8Array): void;
  /** The content is complete. */
  end(): void;
}

/** Events of content as it passes. */
export interface ContentObserver {
  /** After each piece was read, before it is passed on. Throwing ends the content with that error. */
  onPiece(bytes: number): void;
  /** Once, when the content is complete. Throwing ends it with that error instead. */
  onEnd?(): void;
  /**
   * Once, when the content broke off, at its source or by what `onPiece` or `onEnd` threw. Returns the
   * error for the reader.
   */
  onError?(error: unknown): unknown;
  /** Once, when the reader does not want the rest. */
  onCancel?(): void;
  /** Once, when nothing has moved for the idle timeout, with the side at fault. */
  onIdle?(waitingFor: "source" | "reader"): void;
}

export interface WatchOptions {
  /** Milliseconds without data; 0 sets no limit. */
  readonly idleTimeout: number;
  readonly clock: Clock;
}

/**
 * Content that reports its progress. It is read only on demand, so a slow reader slows the source down.
 */
export class WatchedContent implements ContentReader {
  readonly #source: ContentReader;
  readonly #observer: ContentObserver;
  readonly #idle: IdleTimeout;
  #isOver = false;
  #waitingFor: "source" | "reader" = "reader";

  constructor(
    source: ContentReader,
    observer: ContentObserver,
    { idleTimeout, clock }: WatchOptions,
  ) {
    this.#source = source;
    this.#observer = observer;
    this.#idle = new IdleTimeout(clock, idleTimeout, () => observer.onIdle?.(this.#waitingFor));
  }

  get length(): number | undefined {
    return this.#source.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#source.trailers;
  }

  read(): ReadResult | Promise<ReadResult> {
    if (this.#isOver) return END;
    this.#waitingFor = "source";
    this.#idle.touch();
    const result = this.#source.read();
    return result instanceof Promise ? this.#readLater(result) : this.#pass(result);
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#finish();
    this.#observer.onCancel?.();
    await this.#source.cancel(reason);
  }

  async #readLater(pending: Promise<ReadResult>): Promise<ReadResult> {
    let result: ReadResult;
    try {
      result = await pending;
    } catch (error) {
      throw this.#isOver ? error : this.#breakOff(error);
    }
    // It was cancelled meanwhile.
    return this.#isOver ? END : this.#pass(result);
  }

  #pass(result: ReadResult): ReadResult {
    this.#waitingFor = "reader";
    this.#idle.touch();
    try {
      if (result.value === undefined) {
        this.#observer.onEnd?.();
        this.#finish();
      } else this.#observer.onPiece(result.value.length);
      return result;
    } catch (error) {
      throw this.#breakOff(error);
    }
  }

  /** Returns the reader's error. */
  #breakOff(error: unknown): unknown {
    this.#finish();
    void this.#source.cancel(error);
    return this.#observer.onError === undefined ? error : this.#observer.onError(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#idle.stop();
  }
}
