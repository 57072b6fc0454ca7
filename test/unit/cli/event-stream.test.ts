import { expect, test } from "bun:test";
import { eventsOf } from "../../../src/cli/event-stream.ts";

test("events are told apart wherever a stream is cut", async () => {
  const text =
    'retry: 2000\n\nevent: second\ndata: {"a":"ä"}\n\n: still here\n\ndata: 1\ndata: 2\n\ndata: cut';
  const bytes = Buffer.from(text);
  for (const size of [1, 2, 7, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    expect(await Array.fromAsync(eventsOf(stream))).toEqual([
      { name: "second", data: '{"a":"ä"}' },
      { name: "message", data: "1\n2" },
    ]);
  }
});
