import { describe, expect, test } from "bun:test";
import { type ContentObserver, WatchedContent } from "../../../src/pipeline/content.ts";
import { fieldsOf } from "../../support/fields.ts";
import { contentFrom, contentOf, readerFrom } from "../../support/client-request.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { drip, rejection } from "../proxy/network.ts";

const IDLE = 1_000;

function watched(changes: Partial<ContentObserver> = {}, idleTimeout = IDLE) {
  const source = drip();
  const clock = new FakeClock();
  const told: string[] = [];
  const observer: ContentObserver = {
    onPiece: (bytes) => void told.push(`piece ${bytes}`),
    onEnd: () => void told.push("end"),
    onError(error) {
      told.push(`error ${String(error)}`);
      return error;
    },
    onCancel: () => void told.push("cancel"),
    onIdle: (waitingFor) => void told.push(`idle ${waitingFor}`),
    ...changes,
  };
  const reader = new WatchedContent(readerFrom(source.stream), observer, { idleTimeout, clock });
  return { source, clock, told, reader };
}

describe("content that is watched", () => {
  test("passes every piece and reports each, and the end", async () => {
    const { source, told, reader } = watched();
    source.chunk(3);
    expect((await reader.read()).value?.length).toBe(3);
    source.chunk(5);
    expect((await reader.read()).value?.length).toBe(5);
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect((await reader.read()).done).toBe(true);
    expect(told).toEqual(["piece 3", "piece 5", "end"]);
  });

  test("is there without a promise where its source has it", () => {
    const told: number[] = [];
    const reader = new WatchedContent(
      contentOf("abc", 3),
      { onPiece: (bytes) => void told.push(bytes) },
      { idleTimeout: 0, clock: new FakeClock() },
    );
    expect(reader.length).toBe(3);
    expect(reader.read()).toEqual({ done: false, value: Buffer.from("abc") });
    expect(reader.read()).toEqual({ done: true });
    expect(told).toEqual([3]);
  });

  test("has its source's trailers", () => {
    const source = contentFrom(new ReadableStream());
    source.finish(fieldsOf("x-sum", "1"));
    const reader = new WatchedContent(
      source,
      { onPiece: () => undefined },
      { idleTimeout: 0, clock: new FakeClock() },
    );
    expect(reader.trailers).toEqual(fieldsOf("x-sum", "1"));
  });

  test("breaks where its source breaks, with the observer's error", async () => {
    const { source, told, reader } = watched({ onError: (error) => `${String(error)}, said` });
    source.chunk(3);
    await reader.read();
    source.break("torn");
    expect(await rejection(reader.read())).toBe("torn, said");
    expect(told).toEqual(["piece 3"]);
    expect((await reader.read()).done).toBe(true);
  });

  test("breaks where its observer objects, and lets go of the source", async () => {
    const { source, told, reader } = watched({
      onPiece() {
        throw new Error("too much");
      },
    });
    source.chunk(3);
    expect(await rejection(reader.read())).toEqual(new Error("too much"));
    expect(source.state.cancelled).toEqual(new Error("too much"));
    expect(told).toEqual(["error Error: too much"]);
  });

  test("breaks where its observer objects to the end", async () => {
    const { source, told, reader } = watched({
      onEnd() {
        throw new Error("too little");
      },
    });
    source.end();
    expect(await rejection(reader.read())).toEqual(new Error("too little"));
    expect(told).toEqual(["error Error: too little"]);
  });

  test("that is not wanted any more says so to its source, once", async () => {
    const { source, told, reader } = watched();
    const pending = reader.read();
    await reader.cancel("enough");
    await reader.cancel("again");
    expect(source.state.cancelled).toBe("enough");
    expect((await pending).done).toBe(true);
    expect(told).toEqual(["cancel"]);
  });

  test("is idle where its source sends nothing", () => {
    const { clock, told, reader } = watched();
    void reader.read();
    clock.advance(IDLE - 1);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(["idle source"]);
  });

  test("is idle where its reader takes nothing", async () => {
    const { source, clock, told, reader } = watched();
    source.chunk(1);
    await reader.read();
    clock.advance(IDLE);
    expect(told).toEqual(["piece 1", "idle reader"]);
  });

  test("is not idle while something moves, after its end, and without a limit", async () => {
    const { source, clock, told, reader } = watched();
    for (let time = 0; time < 3; time += 1) {
      clock.advance(IDLE - 1);
      source.chunk(1);
      await reader.read();
    }
    source.end();
    await reader.read();
    clock.advance(10 * IDLE);
    const unlimited = watched({}, 0);
    void unlimited.reader.read();
    unlimited.clock.advance(1_000_000);
    expect(told.filter((event) => event.startsWith("idle"))).toEqual([]);
    expect(unlimited.told).toEqual([]);
  });
});
