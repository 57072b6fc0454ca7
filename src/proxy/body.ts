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
}

/**
 * A body that tells of its own passing. Reads only when asked to, so that a slow reader slows the
 * source down, and holds one chunk at the most.
 */
export function countedBody(
  source: ReadableStream<Uint8Array>,
  observer: BodyObserver,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            observer.onEnd?.();
            controller.close();
            return;
          }
          observer.onChunk(value.length);
          controller.enqueue(value);
        } catch (error) {
          observer.onError?.(error);
          controller.error(error);
          reader.cancel(error).catch(() => {});
        }
      },
      async cancel(reason) {
        observer.onCancel?.(reason);
        await reader.cancel(reason).catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}
