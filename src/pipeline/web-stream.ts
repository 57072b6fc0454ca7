import type { ContentReader } from "./content.ts";

/** Content as a stream, for the runtime's Web objects, which is read only on demand. */
export function streamOf(content: ContentReader): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { value } = await content.read();
        if (value === undefined) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => content.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
