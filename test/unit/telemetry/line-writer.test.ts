import { describe, expect, test } from "bun:test";
import { LineWriter } from "../../../src/telemetry/line-writer.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A writer whose output takes each piece only when the test lets it. */
function writing() {
  const clock = new FakeClock();
  const pieces: string[] = [];
  const waiting: ((isTaken: boolean) => void)[] = [];
  const writer = new LineWriter((text) => {
    pieces.push(text);
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }, clock);
  return {
    clock,
    pieces,
    writer,
    /** The output has accepted its text, or cannot. */
    taken: async (isTaken = true) => {
      waiting.shift()?.(isTaken);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    },
  };
}

describe("lines", () => {
  test("are collected for a moment and written in one piece, in their order", () => {
    const { clock, pieces, writer } = writing();
    writer.line("a");
    clock.advance(49);
    writer.line("b");
    expect(pieces).toEqual([]);
    clock.advance(1);
    expect(pieces).toEqual(["a\nb\n"]);
  });

  test("are written at once when there are many", () => {
    const { clock, pieces, writer } = writing();
    const line = "x".repeat(1023);
    for (let count = 0; count < 63; count += 1) writer.line(line);
    expect(pieces).toEqual([]);
    writer.line(line);
    expect(pieces.join("")).toBe(`${line}\n`.repeat(64));
    expect(clock.pending).toBe(0);
  });

  test("that come while others are being written follow in one piece", async () => {
    const { clock, pieces, writer, taken } = writing();
    writer.line("a");
    clock.advance(50);
    writer.line("b");
    writer.line("c");
    clock.advance(1_000);
    expect(pieces).toEqual(["a\n"]);
    await taken();
    expect(pieces).toEqual(["a\n", "b\nc\n"]);
    await taken();
    writer.line("d");
    clock.advance(50);
    expect(pieces).toEqual(["a\n", "b\nc\n", "d\n"]);
  });

  test("are dropped above 8 MiB, with a notice where they are missing", async () => {
    const { clock, pieces, writer, taken } = writing();
    writer.line("first");
    clock.advance(50);
    const line = "x".repeat(1024 * 1024 - 1);
    for (let count = 0; count < 11; count += 1) writer.line(line);
    await taken();
    await taken();
    expect(pieces[1]?.length).toBeLessThan(8.1 * 1024 * 1024);
    expect(pieces[1]).toEndWith(
      "\n(3 lines dropped: standard output is not being read fast enough)\n",
    );
    writer.line("last");
    clock.advance(50);
    expect(pieces[2]).toBe("last\n");
  });
});

describe("a flush", () => {
  test("ends when everything has been taken", async () => {
    const { clock, pieces, writer, taken } = writing();
    writer.line("a");
    let flushed = false;
    const flush = writer.flush(1_000).then(() => {
      flushed = true;
    });
    writer.line("b");
    await taken();
    expect(flushed).toBe(false);
    await taken();
    await flush;
    expect(pieces).toEqual(["a\n", "b\n"]);
    expect(clock.pending).toBe(0);
  });

  test("waits for another one that is under way, and loses nothing", async () => {
    const { pieces, writer, taken } = writing();
    writer.line("a");
    const flushes = [writer.flush(1_000), writer.flush(1_000), writer.flush(1_000)];
    writer.line("b");
    await taken();
    await taken();
    await Promise.all(flushes);
    expect(pieces).toEqual(["a\n", "b\n"]);
  });

  test("of nothing writes nothing", async () => {
    const { pieces, writer } = writing();
    await writer.flush(1_000);
    expect(pieces).toEqual([]);
  });
});

describe("lines that nobody takes", () => {
  test("are dropped and counted when a flush has come to its deadline", async () => {
    const { clock, pieces, writer, taken } = writing();
    writer.line("a");
    clock.advance(50);
    writer.line("b");
    writer.line("c");
    const flush = writer.flush(1_000);
    clock.advance(1_000);
    await flush;
    expect(writer.counts()).toEqual({ written: 0, queued: 0, dropped: 3 });
    await taken();
    expect(pieces).toEqual(["a\n"]);
    expect(writer.counts()).toEqual({ written: 0, queued: 0, dropped: 3 });
  });

  test("are counted when the reader is gone, and the next ones are tried", async () => {
    const { clock, pieces, writer, taken } = writing();
    writer.line("a");
    writer.line("b");
    clock.advance(50);
    expect(writer.counts()).toEqual({ written: 0, queued: 2, dropped: 0 });
    await taken(false);
    expect(writer.counts()).toEqual({ written: 0, queued: 0, dropped: 2 });
    writer.line("c");
    clock.advance(50);
    await taken();
    expect(pieces[1]).toBe("c\n(2 lines dropped: standard output is not being read fast enough)\n");
    expect(writer.counts()).toEqual({ written: 1, queued: 0, dropped: 2 });
  });
});
