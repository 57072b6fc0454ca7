import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Malformed } from "../../../src/wire/malformed.ts";
import { chunkOf, ChunkedDecoder, lastChunk } from "../../../src/wire/chunked.ts";
import { fieldsOf, linesOf } from "../../support/fields.ts";

/** Decodes text that comes in these pieces; `read` counts bytes of all of them. */
function decode(...pieces: readonly string[]) {
  return decodeBytes(pieces.map((piece) => Buffer.from(piece, "latin1")));
}

function decodeBytes(pieces: readonly Buffer[]) {
  const decoder = new ChunkedDecoder();
  const content: Uint8Array[] = [];
  let read = 0;
  for (const piece of pieces) read += decoder.decode(piece, (part) => content.push(part));
  return { content: Buffer.concat(content).toString("latin1"), over: decoder.over, read };
}

/** Feeds text whole and then byte by byte: neither may be more lenient. */
function expectMalformed(text: string, message: string): void {
  expect(() => decode(text)).toThrow(new Malformed(message));
  expect(() => decode(...text.split(""))).toThrow(new Malformed(message));
}

describe("content in chunks", () => {
  test.each([
    ["0\r\n\r\n", ""],
    ["3\r\nabc\r\n0\r\n\r\n", "abc"],
    ["3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"],
    ["a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"],
    ["0000000000003\r\nabc\r\n0000\r\n\r\n", "abc"],
    ["3\r\n\r\n0\r\n0\r\n\r\n", "\r\n0"],
    ["2\r\n\u00E9\u0000\r\n0\r\n\r\n", "\u00E9\u0000"],
    ['3;a=b;c="d \u00E9"\r\nabc\r\n0;last\r\n\r\n', "abc"],
    ["3 \t;a\r\nabc\r\n0 ; x\r\n\r\n", "abc"],
    ['3;a = "\\"\\\\;\\ ";b=c;d\r\nabc\r\n0\r\n\r\n', "abc"],
    ["3\r\nabc\r\n0\r\nX-A: 1\r\nx-b:\r\n\r\n", "abc"],
  ])("%p is %p", (text, content) => {
    expect(decode(text)).toEqual({ content, over: true, read: text.length });
    expect(decode(...text.split(""))).toEqual({ content, over: true, read: text.length });
  });

  test.each([
    "",
    "3",
    "3\r",
    "3\r\n",
    "3\r\nabc",
    "3\r\nabc\r\n",
    "0\r\n",
    "0\r\nX-A: 1\r\n",
    "0\r\n\r",
  ])("is not over behind %p", (text) => {
    expect(decode(text)).toMatchObject({ over: false, read: text.length });
  });

  test("is passed on as it arrives, without waiting for the chunk's end", () => {
    const decoder = new ChunkedDecoder();
    const content: string[] = [];
    const take = (piece: Uint8Array) => void content.push(Buffer.from(piece).toString());
    decoder.decode(Buffer.from("5\r\nab"), take);
    expect(content).toEqual(["ab"]);
    decoder.decode(Buffer.from("c"), take);
    expect(content).toEqual(["ab", "c"]);
    decoder.decode(Buffer.from("de\r\n1\r\nf"), take);
    expect(content).toEqual(["ab", "c", "de", "f"]);
  });

  test("is not copied", () => {
    const bytes = Buffer.from("3\r\nabc\r\n0\r\n\r\n");
    new ChunkedDecoder().decode(bytes, (piece) => {
      expect(piece.buffer).toBe(bytes.buffer);
      expect(piece.byteOffset).toBe(bytes.byteOffset + 3);
    });
    expect.assertions(2);
  });

  test("is over before the bytes after it, which stay unread", () => {
    expect(decode("1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK", "more")).toEqual({
      content: "a",
      over: true,
      read: "1\r\na\r\n0\r\n\r\n".length,
    });
  });

  test("may have extensions of some length, and many trailers", () => {
    const extension = ";".padEnd(4_000, "x");
    const trailers = "X-A: 1\r\n".repeat(100);
    expect(decode(`1${extension}\r\na\r\n0\r\n${trailers}\r\n`)).toMatchObject({
      content: "a",
      over: true,
    });
  });

  test("is the same in whatever pieces it arrives, and nothing after it is read", () => {
    const chunk = fc
      .record({
        content: fc.uint8Array({ minLength: 1, maxLength: 40 }),
        zeros: fc.constantFrom("", "0", "00000"),
        isUpperCase: fc.boolean(),
        extension: fc.constantFrom("", ";a", ' \t;a="b"; c'),
      })
      .map(({ content, zeros, isUpperCase, extension }) => {
        const digits = content.length.toString(16);
        const size = zeros + (isUpperCase ? digits.toUpperCase() : digits) + extension;
        return { content, text: `${size}\r\n${Buffer.from(content).toString("latin1")}\r\n` };
      });
    const trailers = fc.array(fc.constantFrom("X-A: 1\r\n", "x-b:\r\n"), { maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 6 }),
        trailers,
        fc.uint8Array({ maxLength: 20 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 30 }),
        (chunks, trailers, behind, cuts) => {
          const text = `${chunks.map(({ text }) => text).join("")}0\r\n${trailers.join("")}\r\n`;
          const bytes = Buffer.concat([Buffer.from(text, "latin1"), behind]);
          const content = Buffer.concat(chunks.map(({ content }) => content)).toString("latin1");
          expect(decodeBytes(split(bytes, cuts))).toEqual({
            content,
            over: true,
            read: text.length,
          });
        },
      ),
    );
  });
});

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
  return places.map((place, index) => bytes.subarray(place, places[index + 1]));
}

describe("trailers", () => {
  const trailersOf = (...pieces: readonly string[]) => {
    const decoder = new ChunkedDecoder();
    for (const piece of pieces) decoder.decode(Buffer.from(piece, "latin1"), () => {});
    return decoder.trailers;
  };

  test("are fields in order, each by itself, in the case in which they were written", () => {
    const text = "1\r\na\r\n0\r\nX-b:\t1 \r\nX-A: \u00E9\r\nx-B: 2\r\n\r\nGET /";
    for (const pieces of [[text], text.split("")]) {
      expect(trailersOf(...pieces)?.map(({ name, value }) => [name, value])).toEqual([
        ["x-b", "1"],
        ["x-a", "\u00E9"],
        ["x-b", "2"],
      ]);
      expect(linesOf(trailersOf(...pieces) ?? [])).toBe("X-b: 1\r\nX-A: \u00E9\r\nx-B: 2\r\n");
    }
  });

  test("are not there until all of them have been read, nor without any", () => {
    expect(trailersOf("0\r\nX-A: 1\r\n")).toBeUndefined();
    expect(trailersOf("0\r\n\r\n")).toBeUndefined();
  });

  test("never frame, route or authenticate a message", () => {
    const forbidden = "Content-Length: 9\r\nHOST: a\r\nAuthorization: Basic YQ==\r\nTE: a\r\n";
    expect(trailersOf(`0\r\n${forbidden}\r\n`)).toBeUndefined();
    expect(linesOf(trailersOf(`0\r\n${forbidden}X-A: 1\r\n\r\n`) ?? [])).toBe("X-A: 1\r\n");
  });

  test("are read as they were written, in whatever pieces", () => {
    const field = fc
      .tuple(
        fc.constantFrom("X-A", "x-b", "Grpc-Status"),
        fc.stringMatching(/^[!-~](?:[ -~]{0,9}[!-~])?$/),
      )
      .map(([name, value]) => [name, value] as const);
    fc.assert(
      fc.property(
        fc.array(field, { maxLength: 5 }),
        fc.uint8Array({ maxLength: 30 }),
        fc.array(fc.nat({ max: 100 }), { maxLength: 10 }),
        (pairs, content, cuts) => {
          const trailers = fieldsOf(...pairs.flat());
          const chunk = content.length === 0 ? content : chunkOf(content);
          const end = lastChunk(trailers.length === 0 ? undefined : trailers);
          const bytes = Buffer.concat([chunk, Buffer.from(end)]);
          const decoder = new ChunkedDecoder();
          const got: Uint8Array[] = [];
          for (const piece of split(bytes, cuts)) decoder.decode(piece, (part) => got.push(part));
          expect(Buffer.concat(got)).toEqual(Buffer.from(content));
          expect(linesOf(decoder.trailers ?? [])).toBe(linesOf(trailers));
          expect(decoder.over).toBe(true);
        },
      ),
    );
  });
});

describe("chunks are malformed", () => {
  test.each([
    "\r\n",
    "x\r\n",
    "g\r\n",
    "-1\r\n",
    "+1\r\n",
    "0x1\r\n",
    " 1\r\n",
    "1 1\r\n",
    "1,1\r\n",
    "\t\r\n",
    ";a\r\n",
    "1\u0000\r\n",
    "1;a\u0000b\r\n",
    "1;a\u007F\r\n",
    "1;a\rb\r\n",
    "1 \r\n",
    "1\t\r\n",
    "1;\r\n",
    "1;a \r\n",
    "1;a;\r\n",
    "1;a=\r\n",
    "1;=a\r\n",
    "1;a=b c\r\n",
    '1;a="b\r\n',
    '1;a="b"c\r\n',
    '1;a="\\"\r\n',
    "1;(a)\r\n",
    "1\r\r\n",
    "10000000000000\r\n",
    "00000000000001\r\n",
    "1\r\na\r\n\r\n",
    "HTTP/1.1 200 OK\r\n",
  ])("with the size %p", (text) => {
    expectMalformed(text, "a chunk size that is not a number");
  });

  test.each(["abcd\r\n", "abc \r\n", "abc0\r\n\r\n", "abc\r\r\n"])(
    "with %p after the size 3",
    (text) => {
      expectMalformed(`3\r\n${text}`, "a chunk longer than its size");
    },
  );

  test.each(["3\n", "3;a\n", "\n", "3\r\nabc\n", "3\r\nabcd\n", "0\r\n\n", "0\r\nX-A: 1\n"])(
    "with a line that ends without CR: %p",
    (text) => {
      expectMalformed(text, "a bare LF between chunks");
    },
  );

  test.each([
    "X-A\r\n",
    ": 1\r\n",
    " X-A: 1\r\n",
    "X-A : 1\r\n",
    "X A: 1\r\n",
    "X-A: \u0000\r\n",
    "\r\r\n",
  ])("with the trailer %p", (trailer) => {
    expectMalformed(`0\r\n${trailer}`, "invalid or too many trailers");
  });

  test("with trailers without end", () => {
    const trailers = "X-A: 1\r\n".repeat(101);
    expectMalformed(`0\r\n${trailers}`, "invalid or too many trailers");
  });

  test("with a line without end", () => {
    const line = `1;${"x".repeat(4_095)}`;
    expectMalformed(line, "an overlong line between chunks");
    expectMalformed(`1\r\na${line}`, "an overlong line between chunks");
    expectMalformed(`${line}\r\n`, "an overlong line between chunks");
  });

  test("with more bytes of trailers than a few", () => {
    const line = `X-A: ${"x".repeat(8_000)}\r\n`;
    expect(decode(`0\r\n${line}${line}\r\n`).over).toBe(true);
    expectMalformed(`0\r\n${line}${line}X-B: ${"x".repeat(400)}`, "invalid or too many trailers");
  });

  test("with far more extensions than content", () => {
    const chunk = `1;${"x".repeat(1_000)}\r\na\r\n`;
    expect(decode(chunk.repeat(16)).content).toBe("a".repeat(16));
    expectMalformed(chunk.repeat(17), "more extensions than content");
    const signed = `400;chunk-signature=${"a".repeat(64)}\r\n${"a".repeat(0x400)}\r\n`;
    expect(decode(signed.repeat(1_000)).content).toHaveLength(1_024_000);
  });
});
