import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  closeFrame,
  FrameReader,
  type FrameRules,
  pingFrame,
} from "../../../src/wire/websocket-frames.ts";
import { closing, frame, opcodes } from "../../wire/frames.ts";

const { continuation, text, binary, close, ping, pong } = opcodes;

/** Reads pieces one after another; `passed` is what was let through. */
function read(pieces: readonly Buffer[], rules: Partial<FrameRules> = {}) {
  const reader = new FrameReader({ masked: true, maxMessageSize: 1_000_000, ...rules });
  const passed: Uint8Array[] = [];
  let taken = 0;
  for (const piece of pieces) taken += reader.read(piece, 0, (part) => passed.push(part));
  return { reader, passed: Buffer.concat(passed) as Buffer, taken };
}

/** The bytes in pieces of a size. */
function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

/** Fragments of messages with control frames in between, as a peer may send them. */
const messages = (masked: boolean) =>
  fc
    .array(
      fc.record({
        opcode: fc.constantFrom(text, binary),
        fragments: fc.array(fc.nat({ max: 70_000 }), { minLength: 1, maxLength: 3 }),
        control: fc.option(fc.record({ opcode: fc.constantFrom(ping, pong), size: fc.nat(125) })),
      }),
      { maxLength: 4 },
    )
    .map((list) => {
      const frames: Buffer[] = [];
      for (const { opcode, fragments, control } of list) {
        for (const [index, size] of fragments.entries()) {
          const fin = index === fragments.length - 1;
          const kind = index === 0 ? opcode : continuation;
          frames.push(frame(kind, Buffer.alloc(size, index), { fin, masked }));
          if (control !== null)
            frames.push(frame(control.opcode, Buffer.alloc(control.size), { masked }));
        }
      }
      return {
        bytes: Buffer.concat(frames),
        count: list.length,
        payload: list.flatMap(({ fragments }) => fragments).reduce((sum, size) => sum + size, 0),
      };
    });

describe("frames", () => {
  test.each([true, false])("pass as they are, however they are cut (masked: %p)", (masked) => {
    fc.assert(
      fc.property(messages(masked), fc.integer({ min: 1, max: 5_000 }), (sent, size) => {
        const { reader, passed } = read(cut(sent.bytes, size), { masked });
        expect(passed.equals(sent.bytes)).toBe(true);
        expect(reader).toMatchObject({
          messages: sent.count,
          payloadBytes: sent.payload,
          isBetweenFrames: true,
          hasClosed: false,
          breach: undefined,
        });
      }),
      { numRuns: 50 },
    );
  });

  test("that come byte by byte are counted like others", () => {
    const bytes = Buffer.concat([
      frame(text, "a".repeat(200)),
      frame(binary, Buffer.alloc(70_000)),
      frame(ping, "x"),
      frame(text, ""),
    ]);
    const { reader, passed } = read(cut(bytes, 1));
    expect(passed.equals(bytes)).toBe(true);
    expect(reader).toMatchObject({ messages: 3, payloadBytes: 70_200 });
  });

  test("pass without being copied", () => {
    const bytes = Buffer.concat([frame(text, "one"), frame(text, "two")]);
    const passed: Uint8Array[] = [];
    new FrameReader({ masked: true, maxMessageSize: 9 }).read(bytes, 0, (part) =>
      passed.push(part),
    );
    expect(passed).toEqual([bytes]);
    expect(passed[0]).toBe(bytes);
  });

  test("with bits that belong to an extension pass", () => {
    const compressed = frame(text, "abc");
    compressed[0] = 0xc1;
    expect(read([compressed])).toMatchObject({ passed: compressed });
  });

  test("of which the head is incomplete wait for it", () => {
    const whole = frame(text, Buffer.alloc(300));
    const bytes = Buffer.concat([frame(text, "a"), whole]);
    for (let missing = whole.length - 1; missing > 300; missing -= 1) {
      const { reader, passed } = read([bytes.subarray(0, bytes.length - missing)]);
      expect(passed.equals(frame(text, "a"))).toBe(true);
      expect(reader.isBetweenFrames).toBe(true);
    }
    expect(read([bytes.subarray(0, -300)]).reader.isBetweenFrames).toBe(false);
  });

  test("after a close frame do not pass", () => {
    const closed = frame(close, closing(1000, "done"));
    const { reader, passed, taken } = read([
      closed.subarray(0, 7),
      Buffer.concat([closed.subarray(7), frame(text, "more")]),
    ]);
    expect(passed.equals(closed)).toBe(true);
    expect(taken).toBe(closed.length);
    expect(reader).toMatchObject({ hasClosed: true, messages: 0, payloadBytes: 0 });
  });

  test("without a close code are a close all the same", () => {
    expect(read([frame(close)]).reader.hasClosed).toBe(true);
  });

  test("pass to the end of the current one if no more is wanted", () => {
    const reader = new FrameReader({ masked: true, maxMessageSize: 100 });
    const one = frame(text, "hello");
    const rest = Buffer.concat([one.subarray(8), frame(text, "more")]);
    const passed: Uint8Array[] = [];
    const pass = (part: Uint8Array) => void passed.push(part);
    reader.read(one.subarray(0, 8), 0, pass, true);
    expect(passed).toEqual([]);
    reader.read(one.subarray(0, 8), 0, pass);
    const end = reader.read(rest, 0, pass, true);
    expect(Buffer.concat(passed).equals(one)).toBe(true);
    expect(reader.isBetweenFrames).toBe(true);
    expect(reader.read(rest, end, () => {})).toBe(rest.length);
    expect(reader.messages).toBe(2);
  });
});

/** A frame's head and 4 bytes of mask, as written. */
const head = (...bytes: number[]) => Buffer.from([...bytes, 1, 2, 3, 4]);

describe("a peer that breaks the protocol", () => {
  test.each([
    ["a frame without a mask", frame(text, "a", { masked: false })],
    ["an unknown opcode", frame(3, "a")],
    ["an unknown opcode", frame(7, "a")],
    ["an unknown opcode", frame(11, "a")],
    ["an unknown opcode", frame(15, "a")],
    ["a control frame in fragments", frame(ping, "a", { fin: false })],
    ["a control frame that is too long", frame(close, Buffer.alloc(126))],
    ["half a close code", frame(close, "a")],
    ["a fragment out of order", frame(continuation, "a")],
    ["a length that is not possible", head(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0)],
    ["a length that is not possible", head(0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0)],
  ])("by %s is told so, and nothing of it passes", (problem, bytes) => {
    const before = frame(text, "fine");
    for (const pieces of [
      [Buffer.concat([before, bytes])],
      cut(Buffer.concat([before, bytes]), 1),
    ]) {
      const { reader, passed } = read(pieces, { maxMessageSize: Number.POSITIVE_INFINITY });
      expect(passed).toEqual(before);
      expect(reader.breach).toEqual({ code: 1002, problem });
    }
  });

  test("by a mask on a server's frame, or by a message within a message, is told so", () => {
    expect(read([frame(text, "a")], { masked: false }).reader.breach).toEqual({
      code: 1002,
      problem: "a frame with a mask",
    });
    const nested = [frame(text, "a", { fin: false }), frame(text, "b")];
    expect(read(nested).reader.breach).toEqual({ code: 1002, problem: "a fragment out of order" });
  });

  test("lets nothing more pass", () => {
    const { reader, passed } = read([frame(3, "a"), frame(text, "fine")]);
    expect(passed).toHaveLength(0);
    expect(reader.messages).toBe(0);
  });

  test.each([
    [[frame(text, "x".repeat(101))]],
    [[frame(text, "x".repeat(60), { fin: false }), frame(continuation, "x".repeat(41))]],
    [[head(0x82, 0xff, 0, 0x1f, 255, 255, 255, 255, 255, 255)]],
  ])("by a message that is too large is told so when that is known (%#)", (frames) => {
    const { reader, passed } = read(frames, { maxMessageSize: 100 });
    expect(reader.breach).toEqual({ code: 1009, problem: "a message of more than 100 bytes" });
    expect(passed).toEqual(Buffer.concat(frames.slice(0, -1)));
  });

  test("may send messages of exactly the greatest size, one after another", () => {
    const frames = [
      frame(text, "x".repeat(60), { fin: false }),
      frame(ping, "x".repeat(100)),
      frame(continuation, "x".repeat(40)),
      frame(text, "x".repeat(100)),
    ];
    expect(read(frames, { maxMessageSize: 100 }).reader).toMatchObject({
      breach: undefined,
      messages: 2,
    });
  });
});

describe("frames of the gateway's own", () => {
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);

  test("close with a code and a reason, masked for a server", () => {
    expect(closeFrame(1001, "idle")).toEqual(
      frame(close, closing(1001, "idle"), { masked: false }),
    );
    expect(closeFrame(1001, "idle", key)).toEqual(frame(close, closing(1001, "idle")));
  });

  test("ping without content", () => {
    expect(pingFrame()).toEqual(frame(ping, "", { masked: false }));
    expect(pingFrame(key)).toEqual(frame(ping, ""));
  });
});
