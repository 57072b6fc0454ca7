import { describe, expect, test } from "bun:test";
import { type BodyObserver, countedBody } from "../../../src/proxy/body.ts";
import { drip, rejection } from "./network.ts";

function observed(changes: Partial<BodyObserver> = {}) {
  const source = drip();
  const told: string[] = [];
  const body = countedBody(source.stream, {
    onChunk: (bytes) => void told.push(`chunk ${bytes}`),
    onEnd: () => void told.push("end"),
    onError: (error) => void told.push(`error ${String(error)}`),
    onCancel: (reason) => void told.push(`cancel ${String(reason)}`),
    ...changes,
  });
  return { source, told, body, reader: body.getReader() };
}

describe("a body that is counted", () => {
  test("passes on every chunk and tells of each, and of the end", async () => {
    const { source, told, reader } = observed();
    source.chunk(3);
    expect((await reader.read()).value?.length).toBe(3);
    source.chunk(5);
    expect((await reader.read()).value?.length).toBe(5);
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(told).toEqual(["chunk 3", "chunk 5", "end"]);
  });

  test("is read only when somebody asks for more", async () => {
    let pulls = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(1));
        },
      },
      { highWaterMark: 0 },
    );
    const reader = countedBody(source, { onChunk: () => undefined }).getReader();
    await Promise.resolve();
    expect(pulls).toBe(0);
    await reader.read();
    await reader.read();
    expect(pulls).toBe(2);
    await reader.cancel();
  });

  test("breaks where its source breaks", async () => {
    const { source, told, reader } = observed();
    source.chunk(3);
    await reader.read();
    source.break("torn");
    expect(await rejection(reader.read())).toBe("torn");
    expect(told).toEqual(["chunk 3", "error torn"]);
  });

  test("breaks where its observer objects, and lets go of the source", async () => {
    const { source, told, reader } = observed({
      onChunk() {
        throw "too much";
      },
    });
    source.chunk(3);
    expect(await rejection(reader.read())).toBe("too much");
    expect(told).toEqual(["error too much"]);
    expect(source.state.cancelled).toBe("too much");
  });

  test("does not end whole when its observer objects to the end", async () => {
    const { source, told, reader } = observed({
      onEnd() {
        throw "too little";
      },
    });
    source.end();
    expect(await rejection(reader.read())).toBe("too little");
    expect(told).toEqual(["error too little"]);
  });

  test("tells when nobody wants the rest, and its source too", async () => {
    const { source, told, reader } = observed();
    await reader.cancel("enough");
    expect(told).toEqual(["cancel enough"]);
    expect(source.state.cancelled).toBe("enough");
  });

  test("needs nobody who listens to more than chunks", async () => {
    const whole = drip();
    const broken = drip();
    const left = drip();
    const bodies = [whole, broken, left].map(({ stream }) =>
      countedBody(stream, { onChunk: () => undefined }),
    );
    const [first, second, third] = bodies.map((body) => body.getReader());
    whole.end();
    expect((await first?.read())?.done).toBe(true);
    broken.break("torn");
    expect(await rejection(second?.read())).toBe("torn");
    await third?.cancel("enough");
    expect(left.state.cancelled).toBe("enough");
  });

  test("can be let go of although its source refuses to be", async () => {
    const source = new ReadableStream<Uint8Array>({
      cancel() {
        throw new Error("no");
      },
    });
    const body = countedBody(source, { onChunk: () => undefined });
    expect(await body.cancel()).toBeUndefined();
  });
});
