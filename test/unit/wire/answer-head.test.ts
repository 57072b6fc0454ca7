import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FieldList } from "../../../src/http/field-list.ts";
import { fieldOf } from "../../../src/http/field.ts";
import { fieldsOf, flat, linesOf } from "../../support/fields.ts";
import { AnswerHeadReader } from "../../../src/wire/answer-head.ts";
import { Malformed } from "../../../src/wire/malformed.ts";

const HEAD_END = "\r\n\r\n";

/** The bytes after the header section look like a part of it. */
function read(reader: AnswerHeadReader, text: string) {
  const bytes = Buffer.from(`${text}${HEAD_END}Content-Length: 99\r\n\r\n`, "latin1");
  return reader.read(bytes, bytes.indexOf(HEAD_END));
}

const parse = (...lines: string[]) => read(new AnswerHeadReader(), lines.join("\r\n"));

/** Something like a header section, or even a valid one. */
const anyHead = fc
  .tuple(
    fc.constantFrom("HTTP/1.1 200 OK\r\nX-A: 1\r\n", ""),
    fc.array(
      fc.oneof(
        fc.constantFrom(
          ..."HTTP/1.1 200 OK|HTTP/1.0 404|X-A|x-a|:|: |1|\r\n|\r|\n|\t| |\0|\x7F|\xE9|,|close".split(
            "|",
          ),
          ..."Content-Length|Transfer-Encoding|Connection|chunked|keep-alive".split("|"),
        ),
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 20 },
    ),
  )
  .map(([beginning, pieces]) => beginning + pieces.join(""));

const withFields = (...fields: string[]) => parse("HTTP/1.1 200 OK", ...fields);

describe("an answer's header section", () => {
  test("is taken apart into status, reason and fields in their order", () => {
    expect(
      parse("HTTP/1.1 404 Not Found", "X-B: 1", "Content-Type: text/plain; a=B", "x-b: 2"),
    ).toMatchObject({
      status: 404,
      reason: "Not Found",
      fields: [
        fieldOf("X-B", "1"),
        fieldOf("Content-Type", "text/plain; a=B"),
        fieldOf("x-b", "2"),
      ],
      contentLength: undefined,
      chunked: false,
      persists: true,
      authenticatesConnection: false,
    });
  });

  test.each([
    ["WWW-Authenticate: NTLM", true],
    ["www-authenticate: Negotiate YII=", true],
    ['WWW-Authenticate: Basic realm="a b", negotiate', true],
    ["Persistent-Auth: true", true],
    ["Persistent-Auth: false", false],
    ['WWW-Authenticate: Basic realm="NTLM"', false],
    ["X-Authenticate: NTLM", false],
  ])("with %s says whether the connection is authenticated: %p", (line, expected) => {
    expect(withFields("X-A: 1", line).authenticatesConnection).toBe(expected);
  });

  test("may have no fields at all", () => {
    expect(parse("HTTP/1.1 204 No Content")).toMatchObject({ status: 204, fields: [] });
  });

  test.each([
    ["HTTP/1.1 200", 200, ""],
    ["HTTP/1.1 200 ", 200, ""],
    ["HTTP/1.1 100 Continue", 100, "Continue"],
    ["HTTP/1.0 599 ", 599, ""],
    ["HTTP/1.1 299 a  b\t\u00E9 ", 299, "a  b\t\u00E9 "],
  ])("may begin with %p", (line, status, reason) => {
    expect(parse(line)).toMatchObject({ status, reason });
    expect(parse(line, "X-A: 1")).toMatchObject({ status, reason, fields: fieldsOf("X-A", "1") });
  });

  test.each([
    "",
    "HTTP/1.1",
    "HTTP/1.1 ",
    "HTTP/1.1 20",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000",
    "HTTP/1.1 200OK",
    "HTTP/1.1 200\tOK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.1 099 OK",
    "HTTP/1.1 600 OK",
    "HTTP/1.1 2x0 OK",
    "HTTP/1.1 +20 OK",
    "HTTP/1.1 \u0662\u0660\u0660 OK",
    "HTTP/1.2 200 OK",
    "HTTP/2.0 200 OK",
    "HTTP/1,1 200 OK",
    "http/1.1 200 OK",
    " HTTP/1.1 200 OK",
    "HTTP/1.1 20\u0000 OK",
    "ICY 200 OK",
    "SSH-2.0-OpenSSH_9.6",
    "<html>",
  ])("never begins with %p", (line) => {
    const malformed = new Malformed("the first line is not a status line");
    expect(() => parse(line)).toThrow(malformed);
    expect(() => parse(line, "X-A: 1")).toThrow(malformed);
  });

  test("is read without the bytes after it", () => {
    expect(withFields("X-A: 1")).toMatchObject({
      fields: fieldsOf("X-A", "1"),
      contentLength: undefined,
    });
  });

  test("is malformed or can be passed on, whatever the bytes are", () => {
    fc.assert(
      fc.property(anyHead, (text) => {
        try {
          const head = parse(text);
          expect(head.status).toBeWithin(100, 600);
          const fields = new FieldList();
          for (const { name, value, line } of head.fields) {
            fields.append(line.slice(0, line.indexOf(":")), value);
            expect(fields.list.at(-1)).toMatchObject({ name, line });
          }
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a reader", () => {
  const outcomeOf = (reader: AnswerHeadReader, text: string) => {
    try {
      return read(reader, text);
    } catch (error) {
      return error;
    }
  };
  const LINES = "HTTP/1.1 200 OK|Server: a|X-A: 1|Content-Length: 3|Connection: x-a".split("|");

  test.each([
    ["a longer value", "X-A: 12", "x-a: 1"],
    ["a shorter value", "X-A: 1", "x-a: 12"],
    ["another value", "X-A: 1", "X-A: 2"],
    ["another name", "X-A: 1", "X-B: 1"],
    ["another reason", "HTTP/1.1 200 OK", "HTTP/1.1 200 OKAY"],
    ["a field more", "X-A: 1", "X-A: 1\r\nX-C: 3"],
    ["a field less", "X-A: 1\r\n", ""],
    ["what is no field", "X-A: 1", "X-A 1"],
    ["a control character at the end", "X-A: 1", "X-A: 1\u0000"],
    ["a lone line break", "X-A: 1\r\n", "X-A: 1\n"],
  ])("takes no answer for the one before it: %s", (_what, before, after) => {
    const first = "HTTP/1.1 200 OK\r\nServer: a\r\nX-A: 1\r\nX-A: 12\r\nContent-Length: 3";
    const second = first.replace(before, after);
    const reader = new AnswerHeadReader();
    const alone = outcomeOf(new AnswerHeadReader(), second);
    read(reader, first);
    expect(outcomeOf(reader, second)).toEqual(alone);
    expect(read(reader, first)).toEqual(parse(first));
    expect(outcomeOf(reader, second)).toEqual(alone);
  });

  test("reads each answer as a new reader would, whatever came before", () => {
    const head = fc.oneof(
      anyHead,
      fc.shuffledSubarray(LINES).map((lines) => lines.join("\r\n")),
      fc.subarray(LINES.slice(1)).map((lines) => [LINES[0], ...lines].join("\r\n")),
    );
    fc.assert(
      fc.property(fc.array(head, { minLength: 2, maxLength: 6 }), (heads) => {
        const reader = new AnswerHeadReader();
        for (const text of heads) {
          expect(outcomeOf(reader, text)).toEqual(outcomeOf(new AnswerHeadReader(), text));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("reads more fields than it remembers", () => {
    const reader = new AnswerHeadReader();
    const fields = Array.from({ length: 100 }, (_, index) => [`x-${index}`, `${index}`]);
    const text = ["HTTP/1.1 200 OK", ...fields.map((field) => field.join(": "))].join("\r\n");
    for (const _ of [1, 2]) expect(flat(read(reader, text).fields)).toEqual(fields.flat());
  });

  test("gives equal lines of its answers the same fields", () => {
    const reader = new AnswerHeadReader();
    const [first, second] = [1, 2].map(() => read(reader, LINES.join("\r\n")).fields);
    expect(first).toHaveLength(2);
    expect(second?.every((field, index) => field === first?.[index])).toBe(true);
  });

  test("keeps the case in which a name was written", () => {
    const head = withFields("X-a:1", "x-A:\t 2 ", "X-A: 3");
    expect(linesOf(head.fields)).toBe("X-a: 1\r\nx-A: 2\r\nX-A: 3\r\n");
  });

  test("gives each answer its own list", () => {
    const reader = new AnswerHeadReader();
    read(reader, LINES.join("\r\n")).fields.push(fieldOf("x-b", "2"));
    expect(flat(read(reader, LINES.join("\r\n")).fields)).toEqual([
      "server",
      "a",
      "content-length",
      "3",
    ]);
  });
});

describe("an answer's field", () => {
  test.each([
    ["X-A:1", "1"],
    ["X-A: \t 1 \t ", "1"],
    ["X-A \t: 1", "1"],
    ["X-A:", ""],
    ["X-A:   ", ""],
    ["x-a: a: b:c ", "a: b:c"],
    ["x-a: a \t b", "a \t b"],
    ["x-a: caf\u00E9 \u0080\u00FF", "caf\u00E9 \u0080\u00FF"],
  ])("%p has the value %p", (line, value) => {
    expect(flat(withFields(line, "X-B: 2").fields)).toEqual(["x-a", value, "x-b", "2"]);
  });

  test("may have every character of a token in its name", () => {
    expect(flat(withFields("!#$%&'*+-.^_`|~09azAZ: 1").fields)).toEqual([
      "!#$%&'*+-.^_`|~09azaz",
      "1",
    ]);
  });

  test.each([
    "no colon",
    "nocolon",
    ": no name",
    " : no name",
    " folded: 1",
    "\tfolded",
    "two words: 1",
    "caf\u00E9: 1",
    "(x): 1",
    "x@y: 1",
    "x\u0000y: 1",
    "\rx: 1",
  ])("is not %p", (line) => {
    const malformed = new Malformed("a line that is not a field");
    expect(() => withFields(line)).toThrow(malformed);
    expect(() => withFields("X-A: 1", line, "X-B: 2")).toThrow(malformed);
  });

  test.each([
    "\u0000",
    "\u0001",
    "\u0008",
    "\u000B",
    "\u001F",
    "\u007F",
    "\r",
    "\n",
    "\r\r",
    "\n\r",
  ])("holds no %p, nor does the reason", (character) => {
    const malformed = new Malformed("a control character in the header section");
    expect(() => withFields(`X-A: a${character}b`)).toThrow(malformed);
    expect(() => withFields(`X-A: 1${character}`, "X-B: 2")).toThrow(malformed);
    expect(() => parse(`HTTP/1.1 200 O${character}K`, "X-A: 1")).toThrow(malformed);
  });

  test.each([
    "Keep-Alive: timeout=5",
    "Proxy-Connection: x",
    "Proxy-Authenticate: Basic",
    "Proxy-Authentication-Info: x",
    "TE: trailers",
    "Trailer: x-a",
    "UPGRADE: h2c",
    "Connection: close",
    "Transfer-Encoding: chunked",
  ])("%p is for one connection only and left out", (line) => {
    expect(flat(withFields("X-A: 1", line, "X-B: 2").fields)).toEqual(["x-a", "1", "x-b", "2"]);
  });

  test("that Connection names is left out, before it and after it", () => {
    const lines = ["X-A: 1", "Connection: x-a, X-B", "X-C: 3", "x-b: 2"];
    const { fields } = withFields(...lines, "Connection: x-d", "X-D: 4");
    expect(flat(fields)).toEqual(["x-c", "3"]);
  });

  test("whose value is what Connection names stays", () => {
    expect(flat(withFields("Connection: x-a", "X-B: x-a", "X-A: x-b").fields)).toEqual([
      "x-b",
      "x-a",
    ]);
  });

  test("that frames the content stays though Connection names it", () => {
    expect(withFields("Connection: content-length", "Content-Length: 3")).toMatchObject({
      fields: fieldsOf("Content-Length", "3"),
      contentLength: 3,
    });
  });
});

describe("an answer's length", () => {
  test.each([
    ["0", 0],
    ["12", 12],
    ["007", 7],
    ["999999999999999", 999_999_999_999_999],
  ])("is what Content-Length: %p says", (written, contentLength) => {
    expect(withFields(`Content-Length: ${written}`)).toMatchObject({
      contentLength,
      chunked: false,
      fields: fieldsOf("Content-Length", written),
    });
  });

  test("may be said twice, and is passed on once", () => {
    expect(withFields("Content-Length: 3", "X-A: 1", "content-length:3 ")).toMatchObject({
      contentLength: 3,
      fields: fieldsOf("Content-Length", "3", "X-A", "1"),
    });
  });

  test.each(["3, 3", "3,3 ,\t3", "3\r\nContent-Length: 3, 3"])(
    "may be said in a list, and is passed on once: %p",
    (written) => {
      const head = withFields(`content-Length: ${written}`);
      expect(head.contentLength).toBe(3);
      expect(linesOf(head.fields)).toBe("content-Length: 3\r\n");
    },
  );

  test.each(["4", "03", "", "3, 4"])("is unknown with Content-Length: 3 and %p", (other) => {
    expect(() => withFields("Content-Length: 3", `Content-Length: ${other}`)).toThrow(
      new Malformed("two different Content-Length fields"),
    );
  });

  test.each([
    "",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x10",
    "3, 4",
    "3, ",
    "3 3",
    "1000000000000000",
    "\u00B2",
  ])("is unknown with Content-Length: %p", (written) => {
    expect(() => withFields(`Content-Length: ${written}`)).toThrow(
      new Malformed("Content-Length is not a number"),
    );
  });

  test.each(["chunked", "Chunked", "CHUNKED"])("is in its chunks with %p", (coding) => {
    expect(withFields(`Transfer-Encoding: ${coding}`)).toMatchObject({
      chunked: true,
      contentLength: undefined,
      persists: true,
    });
  });

  test.each([
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "chunked,",
    ",chunked",
    "identity",
    "xchunked",
    "chunked;a=b",
    "",
    "chunked\r\nTransfer-Encoding: chunked",
    "gzip\r\nTransfer-Encoding: chunked",
    "chunked\r\nTransfer-Encoding: ",
  ])("is unknown with Transfer-Encoding: %p", (coding) => {
    expect(() => withFields(`Transfer-Encoding: ${coding}`)).toThrow(
      new Malformed("a Transfer-Encoding other than chunked"),
    );
  });

  test("is unknown with Content-Length and Transfer-Encoding, in either order", () => {
    const length = "Content-Length: 3";
    const chunked = "Transfer-Encoding: chunked";
    const malformed = new Malformed("both Content-Length and Transfer-Encoding");
    expect(() => withFields(length, chunked)).toThrow(malformed);
    expect(() => withFields(chunked, length)).toThrow(malformed);
  });

  test("is unknown with chunks in HTTP/1.0, which knows none", () => {
    expect(() => parse("HTTP/1.0 200 OK", "Transfer-Encoding: chunked")).toThrow(
      new Malformed("Transfer-Encoding in HTTP/1.0"),
    );
  });
});

describe("a connection", () => {
  test.each([
    "X-A: close",
    "Connection: keep-alive",
    "Connection: ",
    "Connection: closed",
    "Connection: x-closed\r\nKeep-Alive: timeout=5",
  ])("stays open behind an answer in HTTP/1.1 with %p", (fields) => {
    expect(withFields(fields).persists).toBe(true);
  });

  test.each([
    "Connection: close",
    "connection: CLOSE",
    "Connection: keep-alive,close",
    "Connection: close , x-a",
    "Connection: keep-alive\r\nConnection: close",
  ])("ends with an answer that has %p", (fields) => {
    expect(withFields(fields).persists).toBe(false);
  });

  test.each(["X-A: 1", "Connection: close", "Connection: keep-alive"])(
    "ends with an answer in HTTP/1.0, %p or not",
    (field) => {
      expect(parse("HTTP/1.0 200 OK", field).persists).toBe(false);
    },
  );
});
