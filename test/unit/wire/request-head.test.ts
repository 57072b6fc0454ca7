import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { fieldOf } from "../../../src/http/field.ts";
import { Malformed } from "../../../src/wire/malformed.ts";
import {
  afterEmptyLines,
  checkUnfinished,
  RequestHeadReader,
} from "../../../src/wire/request-head.ts";
import { flat, linesOf } from "../../support/fields.ts";

const HEAD_END = "\r\n\r\n";

/** The bytes before and after the header section look like a part of it. */
function read(reader: RequestHeadReader, text: string) {
  const before = "X-Before: 1\r\n";
  const bytes = Buffer.from(`${before}${text}${HEAD_END}Content-Length: 99\r\n\r\n`, "latin1");
  return reader.read(bytes, bytes.indexOf(HEAD_END, before.length), before.length);
}

const parse = (...lines: string[]) => read(new RequestHeadReader(), lines.join("\r\n"));
const withFields = (...fields: string[]) => parse("POST /a HTTP/1.1", "Host: a", ...fields);

function outcomeOf(reader: RequestHeadReader, text: string) {
  try {
    return read(reader, text);
  } catch (error) {
    return error;
  }
}

/** The status and the reason of a refusal. */
function refusal(...lines: string[]): string {
  const error = outcomeOf(new RequestHeadReader(), lines.join("\r\n"));
  return error instanceof Malformed ? `${error.status} ${error.message}` : "none";
}

const refusalOf = (...fields: string[]) => refusal("POST /a HTTP/1.1", "Host: a", ...fields);

/** Something like a header section, or even a valid one. */
const anyHead = fc
  .tuple(
    fc.constantFrom("GET /a HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n", "GET / HTTP/1.0\r\n", ""),
    fc.array(
      fc.oneof(
        fc.constantFrom(
          ..."GET / HTTP/1.1|HTTP/1.0|Host|X-A|x-a|:|: |1|\r\n|\r|\n|\t| |\0|\x7F|\xE9|,|close".split(
            "|",
          ),
          ..."Content-Length|Transfer-Encoding|Connection|chunked|keep-alive|Upgrade".split("|"),
        ),
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 20 },
    ),
  )
  .map(([beginning, pieces]) => beginning + pieces.join(""));

describe("a request's header section", () => {
  test("is taken apart into request line and fields in their order", () => {
    expect(
      parse(
        "POST /a?b=%20 HTTP/1.1",
        "Host: example.org:80",
        "X-B:1",
        "x-b:\t2 ",
        "Connection: x-b",
      ),
    ).toMatchObject({
      method: "POST",
      target: "/a?b=%20",
      protocol: "HTTP/1.1",
      fields: [
        fieldOf("Host", "example.org:80"),
        fieldOf("X-B", "1"),
        fieldOf("x-b", "2"),
        fieldOf("Connection", "x-b"),
      ],
      host: "example.org:80",
      contentLength: undefined,
      chunked: false,
      persists: true,
      expectsContinue: false,
      upgrade: undefined,
    });
  });

  test.each([
    ["GET / HTTP/1.1", "GET", "/"],
    ["get * HTTP/1.1", "get", "*"],
    ["BREW http://a/../b HTTP/1.1", "BREW", "http://a/../b"],
    ["!#$%&'*+-.^_`|~09azAZ a:80 HTTP/1.1", "!#$%&'*+-.^_`|~09azAZ", "a:80"],
    ['GET //a/./..\\"<>{}#?%zz HTTP/1.1', "GET", '//a/./..\\"<>{}#?%zz'],
    ["GET /\x80\xE9\xFF HTTP/1.1", "GET", "/\x80\xE9\xFF"],
  ])("may begin with %p, whose target is not judged", (line, method, target) => {
    expect(parse(line, "Host: a")).toMatchObject({ method, target });
  });

  test.each([
    "",
    "GET",
    "GET ",
    "GET /",
    "GET / ",
    "GET / HTTP/1",
    "GET / HTTP/1.1 ",
    "GET / HTTP/1.1x",
    "GET / HTTP/1.10",
    "GET / HTTP/11",
    "GET / HTTP/10.1",
    "GET / http/1.1",
    "GET / HTP/1.1",
    "GET  / HTTP/1.1",
    "GET /  HTTP/1.1",
    "GET  HTTP/1.1",
    "GET /a b HTTP/1.1",
    "GET\t/ HTTP/1.1",
    "GET /\tHTTP/1.1",
    " GET / HTTP/1.1",
    " / HTTP/1.1",
    "GE(T / HTTP/1.1",
    "G\0T / HTTP/1.1",
    "GET /\0 HTTP/1.1",
    "GET /\x7F HTTP/1.1",
    "GET /\r HTTP/1.1",
    "GET /\n HTTP/1.1",
    "GET / HTTP/1.1\0",
    "\x16\x02\x01\0\xA5\x01",
    "/ HTTP/1.1",
    "HTTP/1.1 200 OK",
  ])("never begins with %p", (line) => {
    const expected = "400 the first line is not a request line";
    expect(refusal(line, "Host: a")).toBe(expected);
    expect(refusal(line)).toBe(expected);
  });

  test.each([
    "PRI * HTTP/2.0",
    "GET / HTTP/2.0",
    "GET / HTTP/0.9",
    "GET / HTTP/1.2",
    "GET / HTTP/3.0",
  ])("is of another version with %p", (line) => {
    expect(refusal(line, "Host: a")).toBe("505 a version of HTTP other than 1.1 and 1.0");
  });

  test("is malformed, or means the same once it is written again, whatever the bytes are", () => {
    fc.assert(
      fc.property(anyHead, (text) => {
        const head = outcomeOf(new RequestHeadReader(), text);
        if (head instanceof Malformed) return;
        const { method, target, protocol, fields } = head as ReturnType<typeof read>;
        const again = parse(
          `${method} ${target} ${protocol}`,
          ...linesOf(fields).split(/\r\n(?=.)/),
        );
        for (const field of again.fields) expect(field.line).not.toMatch(/[\r\n\0](?!\n?$)/);
        expect(flat(again.fields)).toEqual(flat(fields));
        expect(again).toMatchObject({ method, target, protocol });
        expect(again.fields.filter(({ name }) => name === "host").length).toBeLessThan(2);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a request's field", () => {
  test.each([
    ["X-A:", ""],
    ["X-A: ", ""],
    ["X-A:1", "1"],
    ["X-A:\t 1 \t", "1"],
    ["X-A: a: b,\tc", "a: b,\tc"],
    ["X-A: \x80\xFF", "\x80\xFF"],
  ])("%p has the value %p", (line, value) => {
    expect(linesOf(withFields(line, "X-B: 2").fields.slice(1))).toBe(`X-A: ${value}\r\nX-B: 2\r\n`);
  });

  test.each(["X-A", ": 1", "X A: 1", "X-A : 1", "X-A\t: 1", "X(A): 1", "X\0A: 1", "X-\xE9: 1"])(
    "is never %p",
    (line) => {
      expect(refusalOf(line, "X-B: 2")).toBe("400 a line that is not a field");
    },
  );

  test.each([" a", "\ta", " X-B: 1", " "])("never goes on in the next line, such as %p", (line) => {
    expect(refusalOf("X-A: 1", line)).toBe("400 a line that is not a field");
    expect(refusal("GET / HTTP/1.1", line, "Host: a")).toBe("400 a line that is not a field");
  });

  test.each(["\0", "\x07", "\x0B", "\x1F", "\x7F", "\r", "\n", "\r\r", "\n\r"])(
    "holds no %p",
    (character) => {
      const expected = "400 a control character in the header section";
      expect(refusalOf(`X-A: a${character}b`)).toBe(expected);
      expect(refusalOf(`X-A: 1${character}`, "X-B: 2")).toBe(expected);
      expect(refusalOf(`X-A:${character}`)).toBe(expected);
    },
  );

  test("may be one of 256, but not more", () => {
    const fields = Array.from({ length: 256 }, (_, index) => `X-${index}: ${index}`);
    expect(withFields(...fields.slice(1)).fields).toHaveLength(256);
    expect(refusalOf(...fields)).toBe("431 more than 256 fields");
  });
});

describe("a request's Host", () => {
  test("is there exactly once in HTTP/1.1", () => {
    expect(parse("GET / HTTP/1.1", "hOST:  a b ").host).toBe("a b");
    expect(parse("GET / HTTP/1.1", "Host:").host).toBe("");
    expect(refusal("GET / HTTP/1.1", "X-Host: a")).toBe("400 no Host field");
    expect(refusal("GET / HTTP/1.1")).toBe("400 no Host field");
    for (const second of ["Host: a", "host: b", "HOST:"]) {
      expect(refusalOf(second)).toBe("400 more than one Host field");
    }
  });

  test("is there at most once in HTTP/1.0", () => {
    expect(parse("GET / HTTP/1.0").host).toBeUndefined();
    expect(parse("GET / HTTP/1.0", "Host: a").host).toBe("a");
    expect(refusal("GET / HTTP/1.0", "Host: a", "Host: a")).toBe("400 more than one Host field");
  });
});

describe("a request's length", () => {
  test.each([
    ["0", 0],
    ["4", 4],
    ["0004", 4],
    ["999999999999999", 999_999_999_999_999],
  ])("is known with Content-Length: %p", (written, contentLength) => {
    expect(withFields(`Content-Length: ${written}`)).toMatchObject({
      contentLength,
      chunked: false,
    });
  });

  test.each([
    "",
    "-4",
    "+4",
    "0x4",
    "4.0",
    "1e1",
    "4 4",
    "4;",
    "four",
    "4,",
    "4, 4",
    "4, 5",
    "\xB2",
  ])("is unknown with Content-Length: %p", (written) => {
    expect(refusalOf(`Content-Length: ${written}`)).toBe("400 Content-Length is not a number");
  });

  test("is unknown with a number that is too large", () => {
    expect(refusalOf("Content-Length: 1000000000000000")).toBe(
      "400 Content-Length is not a number",
    );
  });

  test.each(["4", "5", ""])("is unknown with two Content-Length fields: 4 and %p", (second) => {
    expect(refusalOf("Content-Length: 4", `content-length: ${second}`)).toBe(
      "400 more than one Content-Length field",
    );
  });

  test.each(["chunked", "CHUNKED", " chunked ", "\tchunked"])(
    "is in its chunks with %p",
    (coding) => {
      expect(withFields(`Transfer-Encoding:${coding}`)).toMatchObject({
        chunked: true,
        contentLength: undefined,
      });
    },
  );

  test.each([
    ",chunked",
    "chunked,",
    "chunked, chunked",
    "chunked, gzip",
    "identity",
    "identity, chunked",
    "gzip",
    "xchunked",
    "chunked;a=b",
    '"chunked"',
    "chunk",
    "",
    "chunked\r\nTransfer-Encoding: chunked",
    "chunked\r\nTransfer-Encoding: identity",
    "chunked\r\nTransfer-Encoding:",
  ])("is in doubt with Transfer-Encoding: %p", (coding) => {
    expect(refusalOf(`Transfer-Encoding: ${coding}`)).toBe(
      "400 a Transfer-Encoding other than chunked",
    );
  });

  test.each([
    "gzip, chunked",
    "deflate,x-gzip\t, chunked",
    "compress\r\nTransfer-Encoding: chunked",
  ])("needs what is not implemented with Transfer-Encoding: %p", (coding) => {
    expect(refusalOf(`Transfer-Encoding: ${coding}`)).toBe(
      "501 a Transfer-Encoding other than chunked",
    );
  });

  test("is in doubt with both fields, in either order", () => {
    const expected = "400 both Content-Length and Transfer-Encoding";
    expect(refusalOf("Content-Length: 4", "Transfer-Encoding: chunked")).toBe(expected);
    expect(refusalOf("Transfer-Encoding: chunked", "Content-Length: 4")).toBe(expected);
    expect(refusalOf("Transfer-Encoding:", "Content-Length: 4")).toBe(expected);
  });

  test("is in doubt with chunks in HTTP/1.0", () => {
    expect(refusal("POST / HTTP/1.0", "Transfer-Encoding: chunked")).toBe(
      "400 Transfer-Encoding in HTTP/1.0",
    );
  });
});

describe("a client's connection", () => {
  test.each([
    ["HTTP/1.1", "X-A: 1", true],
    ["HTTP/1.1", "Connection: keep-alive", true],
    ["HTTP/1.1", "Connection: x-close", true],
    ["HTTP/1.1", "Connection: close", false],
    ["HTTP/1.1", "connection: x-a , CLOSE", false],
    ["HTTP/1.1", "Connection: keep-alive\r\nConnection: close", false],
    ["HTTP/1.0", "X-A: 1", false],
    ["HTTP/1.0", "Connection: Keep-Alive", true],
    ["HTTP/1.0", "Connection: x-a, keep-alive", true],
    ["HTTP/1.0", "Connection: keep-alive, close", false],
  ])("after a request in %s with %p persists: %p", (protocol, field, persists) => {
    expect(parse(`GET / ${protocol}`, "Host: a", field).persists).toBe(persists);
  });

  test.each([
    ["HTTP/1.1", "Expect: 100-continue", true],
    ["HTTP/1.1", "expect: 100-Continue", true],
    ["HTTP/1.1", "Expect: x, 100-continue", true],
    ["HTTP/1.1", "Expect: 200-ok", false],
    ["HTTP/1.0", "Expect: 100-continue", false],
  ])("that sent %s with %p waits for a 100: %p", (protocol, field, expectsContinue) => {
    expect(parse(`POST / ${protocol}`, "Host: a", field).expectsContinue).toBe(expectsContinue);
  });

  test.each([
    ["HTTP/1.1", "Connection: Upgrade\r\nUpgrade: WebSocket", "WebSocket"],
    ["HTTP/1.1", "Upgrade: a\r\nConnection: keep-alive, upgrade\r\nUpgrade: b", "a, b"],
    ["HTTP/1.1", "Upgrade: websocket", undefined],
    ["HTTP/1.1", "Connection: upgrade", undefined],
    ["HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket", undefined],
  ])("that sent %s with %p changes to %p", (protocol, fields, upgrade) => {
    expect(parse(`GET / ${protocol}`, "Host: a", fields).upgrade).toBe(upgrade);
  });
});

describe("a reader of requests", () => {
  const LINES = "GET /a HTTP/1.1|Host: a|X-A: 1|Content-Length: 3|Connection: x-a".split("|");

  test.each([
    ["a longer value", "X-A: 1", "x-a: 12"],
    ["a shorter value", "X-A: 12", "X-A: 1"],
    ["another value", "X-A: 1", "X-A: 2"],
    ["another name", "X-A: 1", "X-B: 1"],
    ["another method", "GET", "PUT"],
    ["another target", "/a", "/b"],
    ["a longer target", "/a", "/ab"],
    ["another version", "HTTP/1.1", "HTTP/1.0"],
    ["a field more", "X-A: 1", "X-A: 1\r\nX-C: 3"],
    ["a field less", "X-A: 1\r\n", ""],
    ["no fields", /\r\n.*/s, ""],
    ["what is no field", "X-A: 1", "X-A 1"],
    ["a control character at the end", "X-A: 1", "X-A: 1\0"],
    ["a lone line break", "X-A: 1\r\n", "X-A: 1\n"],
    ["a lone line break behind the request line", "HTTP/1.1\r\n", "HTTP/1.1\n"],
    ["chunks", "Content-Length: 3", "Transfer-Encoding: chunked"],
    ["two lengths", "X-A: 1", "Content-Length: 3"],
  ])("takes no request for the one before it: %s", (_what, before, after) => {
    const first = "GET /a HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-A: 12\r\nContent-Length: 3";
    const second = first.replace(before, after);
    expect(second).not.toBe(first);
    const reader = new RequestHeadReader();
    const alone = outcomeOf(new RequestHeadReader(), second);
    read(reader, first);
    expect(outcomeOf(reader, second)).toEqual(alone);
    expect(read(reader, first)).toEqual(parse(first));
    expect(outcomeOf(reader, second)).toEqual(alone);
  });

  test("reads each request as a new reader would, whatever came before", () => {
    const head = fc.oneof(
      anyHead,
      fc.shuffledSubarray(LINES).map((lines) => lines.join("\r\n")),
      fc.subarray(LINES.slice(1)).map((lines) => [LINES[0], ...lines].join("\r\n")),
    );
    fc.assert(
      fc.property(fc.array(head, { minLength: 2, maxLength: 6 }), (heads) => {
        const reader = new RequestHeadReader();
        for (const text of heads) {
          expect(outcomeOf(reader, text)).toEqual(outcomeOf(new RequestHeadReader(), text));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("makes nothing new of a request that is the same as the one before", () => {
    const reader = new RequestHeadReader();
    const text = LINES.join("\r\n");
    const first = read(reader, text);
    expect(read(reader, text)).toBe(first);
    const other = read(reader, text.replace("/a", "/b"));
    expect(other).toMatchObject({ target: "/b", host: "a", contentLength: 3 });
    expect(other.fields).toBe(first.fields);
    const third = read(reader, text.replace("X-A: 1", "X-A: 2"));
    expect(third.fields[0]).toBe(first.fields[0]);
    expect(third.fields[1]).not.toBe(first.fields[1]!);
  });

  test.each([
    ["more fields", Array.from({ length: 100 }, (_, index) => `x-${index}: ${index}`)],
    ["longer fields", [`x-a: ${"a".repeat(10_000)}`, "x-b: 1"]],
  ])("reads %s than it remembers", (_what, fields) => {
    const reader = new RequestHeadReader();
    const text = ["GET / HTTP/1.1", "host: a", ...fields].join("\r\n");
    for (const _ of [1, 2]) {
      expect(linesOf(read(reader, text).fields)).toBe(`host: a\r\n${fields.join("\r\n")}\r\n`);
    }
  });

  test("reads a longer target than it remembers", () => {
    const reader = new RequestHeadReader();
    const target = `/${"a".repeat(10_000)}`;
    for (const one of [target, target, "/a", target]) {
      expect(read(reader, `GET ${one} HTTP/1.1\r\nHost: a`).target).toBe(one);
    }
  });
});

describe("empty lines before a request", () => {
  test.each([
    ["GET /", 0],
    ["\r\nGET /", 2],
    ["\r\n\r\n\r\n", 6],
    ["\r\n\rGET", 2],
    ["\r\n\r", 2],
    ["\nGET", 0],
    ["", 0],
  ])("are skipped in %p: %p bytes", (text, length) => {
    expect(afterEmptyLines(Buffer.from(text), 0)).toBe(length);
    expect(afterEmptyLines(Buffer.from(`\r\n${text}`), 2)).toBe(2 + length);
  });

  test("are bounded", () => {
    expect(() => afterEmptyLines(Buffer.from("\r\n".repeat(9)), 0)).toThrow(
      new Malformed("too many empty lines"),
    );
  });
});

describe("a header section that has not ended", () => {
  const check = (text: string, start = 0) => checkUnfinished(Buffer.from(text, "latin1"), start);
  const malformed = new Malformed("a control character in the header section");

  test.each(["", "G", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\nX-A: \xE9\t1\r\nHost", "a\r\nb\r\n"])(
    "may still become one: %p, wherever it was cut before",
    (text) => {
      for (let start = 0; start <= text.length; start += 1) check(text, start);
    },
  );

  test.each([
    "GET / HTTP/1.1\nHost: a\n",
    "a\rb",
    "a\r\r",
    "\n",
    "\x16\x02\x01\0",
    "a\x7F",
    "a\r\n\n",
  ])("is refused at once if it never will: %p", (text) => {
    expect(() => check(text)).toThrow(malformed);
  });
});

describe("what belongs on another port is named", () => {
  const TLS = /a TLS handshake on a port that speaks plain HTTP/;
  const PROXY = /a PROXY header from a peer that is not listed/;
  const request = "GET / HTTP/1.1\r\nHost: a";
  const check = (text: string) => checkUnfinished(Buffer.from(text, "latin1"), 0);

  test.each([
    ["\x16\x03\x01\x02\0\x01\0", TLS],
    ["\0\r\nQUIT\n\x21\x11\0\x0C", PROXY],
    ["\x16\x02\x01", /^a control character/],
    ["\0QUIT", /^a control character/],
  ])("as soon as it comes: %p", (text, expected) => {
    expect(() => check(text)).toThrow(expected);
  });

  test.each([
    [`\x16\x03\x01${request}`, TLS],
    [`PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n${request}`, PROXY],
    [`PROXY UNKNOWN\r\n${request}`, PROXY],
    [`\0\r\nQUIT\n\x21\x11\0\x0C${request}`, PROXY],
    [`PROX TCP4\r\n${request}`, /^the first line is not a request line/],
  ])("in place of a header section: %p", (text, expected) => {
    const bytes = Buffer.from(text, "latin1");
    expect(() => new RequestHeadReader().read(bytes, bytes.length)).toThrow(expected);
  });
});
