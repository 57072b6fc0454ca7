import type { Field } from "../http/field.ts";
import type { Clock } from "../time/clock.ts";
import { IdleTimeout } from "../time/idle-timeout.ts";

/** A piece of content; the last one is `done` and has no value. */
export interface ReadResult {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

/** Content that is read piece by piece. */
export interface ContentReader {
  read(): Promise<ReadResult>;
  /** The rest is not wanted; the sender is informed. */
  cancel(reason: unknown): Promise<void>;
  /** The fields behind the content, once `read` has answered `done`; undefined without any. */
  readonly trailers?: readonly Field[] | undefined;
}

/** Events of a body as it passes. */
export interface BodyObserver {
  /** After each chunk was read, before it is passed on. Throwing ends the body with that error. */
  onChunk(bytes: number): void;
  /** Once, when the body is complete. Throwing ends it with that error instead. */
  onEnd?(): void;
  /** Once, when the body broke off at its source, or `onChunk` or `onEnd` threw. */
  onError?(error: unknown): void;
  /** Once, when the reader does not want the rest. */
  onCancel?(reason: unknown): void;
  /** Once, when nothing has moved for the idle timeout, with the side at fault. */
  onIdle?(waitingFor: "source" | "reader"): void;
}

export interface BodyOptions {
  /** Milliseconds without data; 0 sets no limit. */
  readonly idleTimeout: number;
  /** Breaks the body off at once, whether or not a read is pending. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * A body that reports its progress. Reads only on demand, so that a slow reader slows the source down,
 * and holds at most one chunk.
 */
export function countedBody(
  reader: ContentReader,
  observer: BodyObserver,
  { idleTimeout, signal, clock }: BodyOptions,
): ReadableStream<Uint8Array> {
  let over = false;
  let waitingFor: "source" | "reader" = "reader";
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const idle = new IdleTimeout(clock, idleTimeout, () => observer.onIdle?.(waitingFor));
  const breakOff = () => fail(signal.reason);
  const finish = () => {
    over = true;
    idle.stop();
    signal.removeEventListener("abort", breakOff);
  };
  function fail(reason: unknown): void {
    if (over) return;
    finish();
    observer.onError?.(reason);
    controller?.error(reason);
    void reader.cancel(reason).catch(() => {});
  }
  signal.addEventListener("abort", breakOff, { once: true });
  return new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own;
        if (signal.aborted) breakOff();
      },
      async pull(own) {
        try {
          waitingFor = "source";
          idle.touch();
          const { done, value } = await reader.read();
          if (over) return;
          waitingFor = "reader";
          idle.touch();
          if (done || value === undefined) {
            observer.onEnd?.();
            finish();
            own.close();
            return;
          }
          observer.onChunk(value.length);
          own.enqueue(value);
        } catch (error) {
          fail(error);
        }
      },
      async cancel(reason) {
        if (over) return;
        finish();
        observer.onCancel?.(reason);
        await reader.cancel(reason).catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * Counts a stream as it leaves. `onEnd` is called once, when it has ended or the rest is not wanted.
 */
export function countedAsItLeaves(
  body: ReadableStream<Uint8Array>,
  onChunk: (bytes: number) => void,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            onEnd();
            return;
          }
          onChunk(value.length);
          controller.enqueue(value);
        } catch (error) {
          controller.error(error);
          onEnd();
        }
      },
      async cancel(reason) {
        onEnd();
        await reader.cancel(reason).catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}
