import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type FrameHandler, FrameReader } from "../../../../src/wire/http2/frame-reader.ts";
import { PREFACE } from "../../../../src/wire/http2/frames.ts";
import { frame } from "../../../support/http2-frames.ts";

/** Writes down what it is told. */
class Recorder implements FrameHandler {
  readonly events: string[] = [];

  data(stream: number, content: Buffer, flowLength: number, isEnd: boolean): void {
    this.events.push(`data ${stream} ${content.toString()} ${flowLength} ${isEnd}`);
  }
  headerBlock(stream: number, block: Buffer, isEnd: boolean): void {
    this.events.push(`headers ${stream} ${block.toString("hex")} ${isEnd}`);
  }
  priority(stream: number): void {
    this.events.push(`priority ${stream}`);
  }
  rstStream(stream: number, code: number): void {
    this.events.push(`reset ${stream} ${code}`);
  }
  settings(payload: Buffer): void {
    this.events.push(`settings ${payload.toString("hex")}`);
  }
  settingsAck(): void {
    this.events.push("settings ack");
  }
  ping(opaque: Buffer): void {
    this.events.push(`ping ${opaque.toString()}`);
  }
  pingAck(opaque: Buffer): void {
    this.events.push(`ping ack ${opaque.toString()}`);
  }
  goAway(lastStream: number, code: number, debug: Buffer): void {
    this.events.push(`goaway ${lastStream} ${code} ${debug.toString()}`);
  }
  windowUpdate(stream: number, increment: number): void {
    this.events.push(`window ${stream} ${increment}`);
  }
  pushPromise(stream: number): void {
    this.events.push(`push ${stream}`);
  }
  unknownFrame(): void {
    this.events.push("unknown");
  }
  invalidFrame(stream: number, code: number, message: string): void {
    this.events.push(`invalid ${stream} ${code} ${message}`);
  }
}

const SETTINGS = frame(4, 0, 0, Buffer.from("000300000064", "hex"));

function eventsOf(frames: readonly Buffer[], sizes: readonly number[] = []): string[] {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, "preface", 65_536);
  let bytes = Buffer.concat([Buffer.from(PREFACE), SETTINGS, ...frames]);
  for (const size of sizes) {
    reader.read(Buffer.from(bytes.subarray(0, size)));
    bytes = bytes.subarray(size);
  }
  reader.read(bytes);
  return recorder.events.slice(1);
}

const FOUR = Buffer.from([0, 0, 0, 8]);
const EIGHT = Buffer.from("12345678");
const SOME = [
  frame(1, 0x4, 1, Buffer.from("82")),
  frame(0, 0, 1, Buffer.from("abc")),
  frame(0, 0x9, 1, Buffer.from("\x02abc\0\0")),
  frame(1, 0x2d, 3, Buffer.from("\x01\0\0\0\0\x05block\0")),
  frame(1, 0, 5, Buffer.from("ab")),
  frame(9, 0, 5, Buffer.from("cd")),
  frame(9, 4, 5, Buffer.from("ef")),
  frame(2, 0, 7, Buffer.from([0, 0, 0, 1, 5])),
  frame(3, 0, 1, FOUR),
  frame(4, 1, 0),
  frame(6, 0, 0, EIGHT),
  frame(6, 1, 0, EIGHT),
  frame(7, 0, 0, Buffer.concat([FOUR, FOUR, Buffer.from("bye")])),
  frame(8, 0, 0, FOUR),
  frame(8, 0, 1, FOUR),
  frame(0x20, 0, 9, Buffer.from("anything")),
  frame(0, 1, 1, Buffer.alloc(16_384, "x")),
];
const READ = [
  "headers 1 3832 false",
  "data 1 abc 3 false",
  "data 1 abc 6 true",
  "headers 3 626c6f636b true",
  "headers 5 616263646566 false",
  "priority 7",
  "reset 1 8",
  "settings ack",
  "ping 12345678",
  "ping ack 12345678",
  "goaway 8 8 bye",
  "window 0 8",
  "window 1 8",
  "unknown",
  `data 1 ${"x".repeat(16_384)} 16384 true`,
];

describe("reading frames", () => {
  test("gives each with its payload, without padding and priority", () => {
    expect(eventsOf(SOME)).toEqual(READ);
  });

  test("gives the same for any pieces that the bytes arrive in", () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20_000 }));
    fc.assert(
      fc.property(fc.array(size, { maxLength: 100 }), (sizes) => {
        expect(eventsOf(SOME, sizes)).toEqual(READ);
      }),
    );
    expect(
      eventsOf(
        SOME,
        Array.from({ length: 20_000 }, () => 1),
      ),
    ).toEqual(READ);
  });

  test.each<[string, number, readonly Buffer[]]>([
    ["a frame above the maximum", 6, [frame(0, 0, 1, Buffer.alloc(16_385))]],
    ["DATA on stream 0", 1, [frame(0, 0, 0, FOUR)]],
    ["padding longer than the frame", 1, [frame(0, 8, 1, Buffer.from("\x04abc"))]],
    ["a padded frame without its length", 6, [frame(0, 8, 1)]],
    ["HEADERS on stream 0", 1, [frame(1, 4, 0, FOUR)]],
    ["HEADERS too short for their priority", 6, [frame(1, 0x24, 1, FOUR)]],
    ["PRIORITY on stream 0", 1, [frame(2, 0, 0, Buffer.alloc(5))]],
    ["RST_STREAM on stream 0", 1, [frame(3, 0, 0, FOUR)]],
    ["RST_STREAM of a wrong length", 6, [frame(3, 0, 1, EIGHT)]],
    ["SETTINGS on a stream", 1, [frame(4, 0, 1)]],
    ["SETTINGS of a wrong length", 6, [frame(4, 0, 0, FOUR)]],
    ["an acknowledgement with settings", 6, [frame(4, 1, 0, Buffer.alloc(6))]],
    ["PING on a stream", 1, [frame(6, 0, 1, EIGHT)]],
    ["PING of a wrong length", 6, [frame(6, 0, 0, FOUR)]],
    ["GOAWAY on a stream", 1, [frame(7, 0, 1, EIGHT)]],
    ["GOAWAY too short", 6, [frame(7, 0, 0, FOUR)]],
    ["WINDOW_UPDATE of a wrong length", 6, [frame(8, 0, 1, EIGHT)]],
    ["WINDOW_UPDATE of 0 for the connection", 1, [frame(8, 0, 0, Buffer.alloc(4))]],
    ["CONTINUATION alone", 1, [frame(9, 4, 1)]],
    ["CONTINUATION after a whole block", 1, [frame(1, 4, 1), frame(9, 4, 1)]],
    ["CONTINUATION of another stream", 1, [frame(1, 0, 1), frame(9, 4, 3)]],
    ["a frame within a header block", 1, [frame(1, 0, 1), frame(6, 0, 0, EIGHT)]],
    ["an unknown frame within a header block", 1, [frame(1, 0, 1), frame(0x20, 0, 1)]],
    ["endless CONTINUATION", 11, [frame(1, 0, 1), ...Array<Buffer>(40).fill(frame(9, 0, 1))]],
    [
      "a header block above the limit",
      11,
      [frame(1, 0, 1), ...Array<Buffer>(5).fill(frame(9, 0, 1, Buffer.alloc(16_384)))],
    ],
  ])("refuses %s", (_, code, frames) => {
    expect(() => eventsOf(frames)).toThrow(expect.objectContaining({ name: "Http2Error", code }));
    const bytes = Buffer.concat([Buffer.from(PREFACE), SETTINGS, ...frames]);
    const sizes = Array.from({ length: bytes.length }, () => 1);
    expect(() => eventsOf(frames, sizes)).toThrow(expect.objectContaining({ code }));
  });

  test("says which stream an invalid frame concerns, and reads on", () => {
    expect(
      eventsOf([
        frame(2, 0, 3, FOUR),
        frame(2, 0, 3, Buffer.from([0, 0, 0, 3, 0])),
        frame(8, 0, 5, Buffer.alloc(4)),
        frame(1, 0x24, 7, Buffer.from([0, 0, 0, 7, 0])),
      ]),
    ).toEqual([
      "invalid 3 6 a PRIORITY of a wrong length",
      "invalid 3 1 a stream that depends on itself",
      "invalid 5 1 a WINDOW_UPDATE of 0",
      "headers 7  false",
      "invalid 7 1 a stream that depends on itself",
    ]);
  });

  test("refuses another preface, at its first wrong byte", () => {
    const reader = new FrameReader(new Recorder(), "preface", 1000);
    reader.read(Buffer.from("PRI * HT"));
    expect(() => reader.read(Buffer.from("X"))).toThrow("invalid connection preface");
  });

  test("expects SETTINGS first", () => {
    for (const first of [frame(6, 0, 0, EIGHT), frame(4, 1, 0)]) {
      const reader = new FrameReader(new Recorder(), "frames", 1000);
      expect(() => reader.read(first)).toThrow("a first frame other than SETTINGS");
    }
  });

  test("knows when it waits for headers", () => {
    const reader = new FrameReader(new Recorder(), "preface", 1000);
    const waits: boolean[] = [reader.awaitsHeaders];
    const pieces = [
      Buffer.from(PREFACE),
      SETTINGS,
      frame(1, 0, 1, FOUR),
      frame(9, 4, 1, FOUR),
      frame(1, 4, 3, EIGHT).subarray(0, 10),
    ];
    for (const piece of pieces) {
      reader.read(Buffer.from(piece));
      waits.push(reader.awaitsHeaders);
    }
    expect(waits).toEqual([true, true, false, true, false, true]);
  });

  test("reads nothing after it was stopped", () => {
    const recorder = new Recorder();
    const reader = new FrameReader(recorder, "frames", 1000);
    recorder.settings = () => reader.stop();
    reader.read(Buffer.concat([SETTINGS, frame(6, 0, 0, EIGHT)]));
    reader.read(frame(6, 0, 0, EIGHT));
    expect(recorder.events).toEqual([]);
  });
});
