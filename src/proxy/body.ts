import type { Clock } from "../time/clock.ts";
import type { ContentReader } from "../transport/backend-answer.ts";
import { IdleWatch } from "../time/idle-watch.ts";

/** What is told about a body while it passes. */
export interface BodyObserver {
  /** After each chunk was read, before it goes on. Throwing ends the body with that error. */
  onChunk(bytes: number): void;
  /** Once, when the body has ended whole. Throwing ends it with that error instead. */
  onEnd?(): void;
  /** Once, when the body broke off at its source, or `onChunk` or `onEnd` threw. */
  onError?(error: unknown): void;
  /** Once, when whoever read it does not want the rest. */
  onCancel?(reason: unknown): void;
  /** Once, when nothing has moved for the idle timeout: which side is to blame. */
  onIdle?(waitingFor: "source" | "reader"): void;
}

export interface BodyOptions {
  /** Milliseconds without anything moving; 0 is never. */
  readonly idleTimeout: number;
  /** Breaks the body off at once, whether or not somebody is reading it just then. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * A body that tells of its own passing. Reads only when asked to, so that a slow reader slows the
 * source down, and holds one chunk at the most.
 */
export function countedBody(
  reader: ContentReader,
  observer: BodyObserver,
  { idleTimeout, signal, clock }: BodyOptions,
): ReadableStream<Uint8Array> {
  let over = false;
  let waitingFor: "source" | "reader" = "reader";
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const idle = new IdleWatch(clock, idleTimeout, () => observer.onIdle?.(waitingFor));
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
