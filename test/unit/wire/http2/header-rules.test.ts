import { describe, expect, test } from "bun:test";
import { Malformed } from "../../../../src/wire/malformed.ts";
import { HeaderField } from "../../../../src/wire/http2/header-field.ts";
import { answerHead, requestHead, trailersOf } from "../../../../src/wire/http2/header-rules.ts";

type Pairs = readonly (readonly [string, string])[];

function section(pairs: Pairs): HeaderField[] {
  return pairs.map(([name, value]) => new HeaderField(name, value));
}

const GET: Pairs = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/a?b"],
  [":authority", "example.com"],
];

/** Those of GET with others in place of the ones of the same name; undefined leaves one out. */
function getWith(changes: Record<string, string | undefined>): Pairs {
  return GET.flatMap(([name, value]) => {
    const changed = name in changes ? changes[name] : value;
    return changed === undefined ? [] : [[name, changed] as const];
  });
}

function linesOf(fields: readonly { readonly line: string }[]): string[] {
  return fields.map(({ line }) => line);
}

describe("a request's header section", () => {
  test("becomes method, target and fields, with a Host made from :authority", () => {
    const head = requestHead(section([...GET, ["content-length", "5"], ["x-a", "b"]]));
    expect(head).toMatchObject({
      method: "GET",
      target: "/a?b",
      scheme: "http",
      contentLength: 5,
    });
    expect(linesOf(head.fields)).toEqual([
      "host: example.com\r\n",
      "content-length: 5\r\n",
      "x-a: b\r\n",
    ]);
  });

  test("keeps a Host that says the same as :authority", () => {
    for (const host of ["example.com", "EXAMPLE.com", "example.com:80"]) {
      const { fields } = requestHead(section([...GET, ["host", host]]));
      expect(linesOf(fields)).toEqual([`host: ${host}\r\n`]);
    }
  });

  test("may have Host in place of :authority", () => {
    const { fields } = requestHead(
      section([...getWith({ ":authority": undefined }), ["host", "a"]]),
    );
    expect(linesOf(fields)).toEqual(["host: a\r\n"]);
  });

  test("joins the pieces of Cookie in the place of the first", () => {
    const { fields } = requestHead(
      section([...GET, ["cookie", "a=1"], ["x-a", "b"], ["cookie", "c=2"], ["cookie", "d=3"]]),
    );
    expect(linesOf(fields).slice(1)).toEqual(["cookie: a=1; c=2; d=3\r\n", "x-a: b\r\n"]);
  });

  test("takes * for OPTIONS, and the authority of a CONNECT as its target", () => {
    expect(requestHead(section(getWith({ ":method": "OPTIONS", ":path": "*" }))).target).toBe("*");
    const connect: Pairs = [
      [":method", "CONNECT"],
      [":authority", "example.com:443"],
    ];
    expect(requestHead(section(connect)).target).toBe("example.com:443");
  });

  test("may have TE with trailers", () => {
    expect(requestHead(section([...GET, ["te", "trailers"]])).fields.length).toBe(2);
  });

  test.each<[string, Pairs]>([
    ["no :method", getWith({ ":method": undefined })],
    ["an invalid :method", getWith({ ":method": "G T" })],
    ["no :scheme", getWith({ ":scheme": undefined })],
    ["an invalid :scheme", getWith({ ":scheme": "1" })],
    ["no :path", getWith({ ":path": undefined })],
    ["an empty :path", getWith({ ":path": "" })],
    ["a :path without a slash", getWith({ ":path": "a" })],
    ["a :path of * for GET", getWith({ ":path": "*" })],
    ["a :path with a blank", getWith({ ":path": "/a b" })],
    ["a :path with a tab", getWith({ ":path": "/a\tb" })],
    ["user information in :authority", getWith({ ":authority": "user@example.com" })],
    ["neither :authority nor Host", getWith({ ":authority": undefined })],
    ["an empty :authority", getWith({ ":authority": "" })],
    ["an empty Host", [...getWith({ ":authority": undefined }), ["host", ""]]],
    ["a Host that differs", [...GET, ["host", "other.example"]]],
    ["a Host with another port", [...GET, ["host", "example.com:443"]]],
    [
      "two Host fields",
      [...getWith({ ":authority": undefined }), ["host", "example.com"], ["host", "example.com"]],
    ],
    ["a pseudo-field twice", [...GET, [":path", "/a?b"]]],
    ["a pseudo-field after another field", [["x-a", "b"], ...GET]],
    ["a pseudo-field of answers", [...GET, [":status", "200"]]],
    ["an unknown pseudo-field", [...GET, [":protocol", "websocket"]]],
    ["an upper-case name", [...GET, ["X-A", "b"]]],
    ["an empty name", [...GET, ["", "b"]]],
    ["a name with a blank", [...GET, ["x a", "b"]]],
    ["a name with a colon", [...GET, ["x:a", "b"]]],
    ["a value with a line break", [...GET, ["x-a", "b\r\nx-c: d"]]],
    ["a value with NUL", [...GET, ["x-a", "b\0"]]],
    ["a value with DEL", [...GET, ["x-a", "b\x7Fc"]]],
    ["a value with a blank before it", [...GET, ["x-a", " b"]]],
    ["a value with a tab after it", [...GET, ["x-a", "b\t"]]],
    ["Connection", [...GET, ["connection", "close"]]],
    ["Keep-Alive", [...GET, ["keep-alive", "timeout=5"]]],
    ["Proxy-Connection", [...GET, ["proxy-connection", "keep-alive"]]],
    ["Transfer-Encoding", [...GET, ["transfer-encoding", "chunked"]]],
    ["Upgrade", [...GET, ["upgrade", "websocket"]]],
    ["TE other than trailers", [...GET, ["te", "gzip"]]],
    ["a Content-Length that is not a number", [...GET, ["content-length", "+5"]]],
    ["two Content-Length fields", [...GET, ["content-length", "5"], ["content-length", "5"]]],
    [
      "a CONNECT with a path",
      [
        [":method", "CONNECT"],
        [":authority", "a:1"],
        [":path", "/"],
      ],
    ],
    ["a CONNECT without an authority", [[":method", "CONNECT"]]],
  ])("is malformed with %s", (_, pairs) => {
    expect(() => requestHead(section(pairs))).toThrow(Malformed);
  });
});

describe("an answer's header section", () => {
  test("becomes status and fields", () => {
    const head = answerHead(
      section([
        [":status", "204"],
        ["content-length", "0"],
        ["set-cookie", "a"],
      ]),
    );
    expect(head).toMatchObject({ status: 204, contentLength: 0 });
    expect(linesOf(head.fields)).toEqual(["content-length: 0\r\n", "set-cookie: a\r\n"]);
  });

  test.each<[string, Pairs]>([
    ["no :status", [["a", "b"]]],
    ["a :status that is no status", [[":status", "20"]]],
    ["status 101", [[":status", "101"]]],
    [
      ":status twice",
      [
        [":status", "200"],
        [":status", "200"],
      ],
    ],
    [
      ":status after a field",
      [
        ["a", "b"],
        [":status", "200"],
      ],
    ],
    [
      "a pseudo-field of requests",
      [
        [":status", "200"],
        [":path", "/"],
      ],
    ],
    [
      "a connection-specific field",
      [
        [":status", "200"],
        ["connection", "close"],
      ],
    ],
  ])("is malformed with %s", (_, pairs) => {
    expect(() => answerHead(section(pairs))).toThrow(Malformed);
  });
});

describe("trailers", () => {
  test("are fields", () => {
    expect(linesOf(trailersOf(section([["grpc-status", "0"]])))).toEqual(["grpc-status: 0\r\n"]);
  });

  test.each(["connection", ":status", ":path", "X"])("are malformed with %s", (name) => {
    expect(() => trailersOf(section([[name, "/"]]))).toThrow(Malformed);
  });
});
