import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PREFACE } from "../../src/wire/http2/frames.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { Http2Client } from "../support/http2-client.ts";
import { block, frame, headers, literal, uint32 } from "../support/http2-frames.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

// What RFC 9113 and RFC 7541 require of a server, case by case; the sections are RFC 9113's.

const stage = createStage(afterAll);
let gateway: GatewayProcess;

beforeAll(async () => {
  const mock = await startMockProcess(stage, "A");
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  });
});

type Fields = readonly (readonly [string, string])[];

/** A request's fields with others in place of its own of the same name; undefined leaves one out. */
function get(changes: Record<string, string | undefined> = {}, more: Fields = []): Fields {
  const own = { ":method": "GET", ":scheme": "http", ":path": "/bytes/5", ":authority": "a" };
  return [
    ...Object.entries({ ...own, ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
    ...more,
  ];
}

const POST: Fields = get({ ":method": "POST", ":path": "/echo" });
const open = headers(1, POST, false);
const whole = headers(1, get());
const WORD = uint32(1);
const EIGHT = Buffer.alloc(8, 1);
const TRAILERS: Fields = [["x-trailer", "1"]];

function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  return Buffer.concat(
    pairs.map(([identifier, value]) => {
      const bytes = Buffer.alloc(6);
      bytes.writeUInt16BE(identifier);
      bytes.writeUInt32BE(value, 2);
      return bytes;
    }),
  );
}

const CODES = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;
type Code = keyof typeof CODES;

type Case = readonly [name: string, code: Code, ...frames: Buffer[]];

/** The frames end the connection: GOAWAY with the code, and then its end. */
function endsConnection(cases: readonly Case[]): void {
  for (const [name, code, ...frames] of cases) {
    test(`${name} ends the connection with ${code}`, async () => {
      const client = await Http2Client.open(stage, gateway.port);
      client.send(...frames);
      await client.until(() => client.frames.some(({ type }) => type === 7));
      const goAway = client.frames.find(({ type }) => type === 7);
      expect(goAway?.payload.readUInt32BE(4)).toBe(CODES[code]);
      await closed(client);
    });
  }
}

/** The frames reset stream 1 with the code; the connection goes on. */
function resetsStream(cases: readonly Case[]): void {
  for (const [name, code, ...frames] of cases) {
    test(`${name} resets the stream with ${code}`, async () => {
      const client = await Http2Client.open(stage, gateway.port);
      client.send(...frames);
      await client.until(() => client.stream(1).resetBy !== undefined);
      expect(client.stream(1).resetBy).toBe(CODES[code]);
      await client.pong();
      client.send(headers(101, get()));
      expect((await client.answer(101)).content.length).toBe(5);
    });
  }
}

/** The frames are taken without complaint, and a request after them is answered. */
function goesOn(cases: readonly (readonly [name: string, ...frames: Buffer[]])[]): void {
  for (const [name, ...frames] of cases) {
    test(`${name} is no error`, async () => {
      const client = await Http2Client.open(stage, gateway.port);
      client.send(...frames, headers(101, get()));
      const { content } = await client.answer(101);
      expect([client.status(101), content.length]).toEqual(["200", 5]);
      expect(client.log.filter((line) => /GOAWAY|RST_STREAM/.test(line))).toEqual([]);
    });
  }
}

async function closed(client: Http2Client): Promise<void> {
  client.end();
  await client.until(() => client.isClosed);
}

describe("3.4: the connection preface", () => {
  test("SETTINGS is the first frame, and the client's are acknowledged", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    expect(client.log.slice(0, 3)).toEqual([
      "SETTINGS 0",
      "WINDOW_UPDATE 0 +983041",
      "SETTINGS 0 ack",
    ]);
  });

  test("an invalid one is no HTTP/2, and no HTTP/1.1 either", async () => {
    const client = await Http2Client.connect(stage, gateway.port);
    client.send(Buffer.from(PREFACE.replace("SM", "XX")));
    await client.until(() => client.isClosed);
  });

  test("one that arrives byte by byte is taken", async () => {
    const client = await Http2Client.connect(stage, gateway.port);
    const bytes = Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0), whole]);
    for (const byte of bytes) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.answer(1)).content.length).toBe(5);
  });

  test("one without SETTINGS ends the connection with PROTOCOL_ERROR", async () => {
    const client = await Http2Client.connect(stage, gateway.port);
    client.send(Buffer.from(PREFACE), frame(6, 0, 0, EIGHT));
    await client.until(() => client.frames.some(({ type }) => type === 7));
    expect(client.log.at(-1)).toBe("GOAWAY 0 last 0 code 1");
  });
});

describe("4.1 and 5.5: the frame format, and extensions", () => {
  goesOn([
    ["a frame of an unknown type", frame(0xff, 0xff, 0, EIGHT)],
    ["a frame of an unknown type on a stream that is not open", frame(0xff, 0, 31, EIGHT)],
    ["an undefined flag", frame(6, 0xfe, 0, EIGHT)],
    ["the reserved bit of a stream identifier", frame(6, 0, 0x8000_0000, EIGHT)],
  ]);
  endsConnection([
    [
      "a frame of an unknown type within a header block",
      "PROTOCOL_ERROR",
      frame(1, 1, 1, block(get())),
      frame(0xff, 0, 1, EIGHT),
    ],
  ]);
});

describe("4.2: the frame size", () => {
  goesOn([["DATA of 16,384 bytes", open, frame(0, 1, 1, Buffer.alloc(16_384))]]);
  endsConnection([
    ["DATA above 16,384 bytes", "FRAME_SIZE_ERROR", open, frame(0, 1, 1, Buffer.alloc(16_385))],
    ["HEADERS above 16,384 bytes", "FRAME_SIZE_ERROR", frame(1, 5, 1, Buffer.alloc(16_385))],
    ["SETTINGS above 16,384 bytes", "FRAME_SIZE_ERROR", frame(4, 0, 0, Buffer.alloc(16_386))],
  ]);
});

describe("4.3: header blocks", () => {
  endsConnection([
    [
      "a header block that cannot be decoded",
      "COMPRESSION_ERROR",
      frame(1, 5, 1, Buffer.from([0x40, 0xff])),
    ],
    [
      "PRIORITY within a header block",
      "PROTOCOL_ERROR",
      frame(1, 1, 1, block(get())),
      frame(2, 0, 1, Buffer.alloc(5)),
    ],
    [
      "HEADERS of another stream within a header block",
      "PROTOCOL_ERROR",
      frame(1, 1, 1, block(get())),
      headers(3, get()),
    ],
  ]);
});

describe("5.1: stream states", () => {
  endsConnection([
    ["DATA on an idle stream", "PROTOCOL_ERROR", frame(0, 1, 1, WORD)],
    ["RST_STREAM on an idle stream", "PROTOCOL_ERROR", frame(3, 0, 1, WORD)],
    ["WINDOW_UPDATE on an idle stream", "PROTOCOL_ERROR", frame(8, 0, 1, WORD)],
    ["CONTINUATION on an idle stream", "PROTOCOL_ERROR", frame(9, 4, 1, block(get()))],
    [
      "HEADERS on a stream that its client has reset",
      "STREAM_CLOSED",
      open,
      frame(3, 0, 1, uint32(8)),
      headers(1, get()),
    ],
    ["CONTINUATION on a closed stream", "PROTOCOL_ERROR", open, frame(9, 4, 1, block(TRAILERS))],
  ]);
  resetsStream([
    ["DATA on a half-closed stream", "STREAM_CLOSED", whole, frame(0, 1, 1, WORD)],
    [
      "DATA on a stream that its client has reset",
      "STREAM_CLOSED",
      open,
      frame(3, 0, 1, uint32(8)),
      frame(0, 1, 1, WORD),
    ],
  ]);
  goesOn([
    ["PRIORITY on an idle stream", frame(2, 0, 1, Buffer.alloc(5))],
    ["PRIORITY on a half-closed stream", whole, frame(2, 0, 1, Buffer.from([0, 0, 0, 0, 9]))],
    ["WINDOW_UPDATE on a half-closed stream", whole, frame(8, 0, 1, WORD)],
    ["RST_STREAM on a closed stream", open, frame(3, 0, 1, WORD), frame(3, 0, 1, WORD)],
    ["WINDOW_UPDATE on a closed stream", open, frame(3, 0, 1, WORD), frame(8, 0, 1, WORD)],
  ]);

  test("HEADERS on a stream that is complete ends the connection with STREAM_CLOSED", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(whole);
    await client.answer(1);
    client.send(headers(1, get()));
    await client.until(() => client.frames.some(({ type }) => type === 7));
    expect(client.log.at(-1)).toBe("GOAWAY 0 last 1 code 5");
  });
});

describe("5.1.1 and 5.1.2: stream identifiers and concurrency", () => {
  endsConnection([
    ["an even stream identifier", "PROTOCOL_ERROR", headers(2, get())],
    ["a stream below an earlier one", "PROTOCOL_ERROR", headers(5, get()), headers(3, get())],
  ]);

  test("a stream above SETTINGS_MAX_CONCURRENT_STREAMS is refused", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    const settingsFrame = client.frames.find(({ type, flags }) => type === 4 && flags === 0)!;
    expect(settingsFrame.payload.subarray(0, 6).toString("hex")).toBe("000300000080");
    client.send(...Array.from({ length: 129 }, (_, index) => headers(2 * index + 1, POST, false)));
    await client.until(() => client.stream(257).resetBy !== undefined);
    expect(client.stream(257).resetBy).toBe(CODES.REFUSED_STREAM);
    await client.pong();
  });
});

describe("5.3: priorities", () => {
  resetsStream([
    [
      "HEADERS that depend on themselves",
      "PROTOCOL_ERROR",
      frame(1, 0x24, 1, Buffer.concat([Buffer.from([0, 0, 0, 1, 9]), block(POST)])),
    ],
    [
      "PRIORITY that depends on itself",
      "PROTOCOL_ERROR",
      open,
      frame(2, 0, 1, Buffer.from([0, 0, 0, 1, 9])),
    ],
  ]);
  goesOn([
    [
      "HEADERS with a priority",
      frame(1, 0x25, 1, Buffer.concat([Buffer.from([0x80, 0, 0, 0, 9]), block(get())])),
    ],
  ]);
});

describe("6.1: DATA", () => {
  goesOn([
    ["padding", open, frame(0, 9, 1, Buffer.from("\x05hello\0\0\0\0\0"))],
    ["DATA without content", open, frame(0, 1, 1)],
  ]);
  endsConnection([
    ["DATA on stream 0", "PROTOCOL_ERROR", frame(0, 1, 0, WORD)],
    ["padding longer than DATA", "PROTOCOL_ERROR", open, frame(0, 9, 1, Buffer.from("\x06abcde"))],
  ]);
});

describe("6.2: HEADERS", () => {
  goesOn([
    [
      "padding",
      frame(1, 0x0d, 1, Buffer.concat([Buffer.from([2]), block(get()), Buffer.alloc(2)])),
    ],
  ]);
  endsConnection([
    ["HEADERS on stream 0", "PROTOCOL_ERROR", headers(0, get())],
    [
      "padding longer than HEADERS",
      "PROTOCOL_ERROR",
      frame(1, 0x0d, 1, Buffer.concat([Buffer.from([255]), block(get())])),
    ],
  ]);
});

describe("6.3 and 6.4: PRIORITY and RST_STREAM", () => {
  endsConnection([
    ["PRIORITY on stream 0", "PROTOCOL_ERROR", frame(2, 0, 0, Buffer.alloc(5))],
    ["RST_STREAM on stream 0", "PROTOCOL_ERROR", frame(3, 0, 0, WORD)],
    ["RST_STREAM of 3 bytes", "FRAME_SIZE_ERROR", open, frame(3, 0, 1, Buffer.alloc(3))],
  ]);
  resetsStream([
    ["PRIORITY of 4 bytes", "FRAME_SIZE_ERROR", open, frame(2, 0, 1, Buffer.alloc(4))],
  ]);
});

describe("6.5: SETTINGS", () => {
  endsConnection([
    ["an acknowledgement with a payload", "FRAME_SIZE_ERROR", frame(4, 1, 0, Buffer.alloc(6))],
    ["SETTINGS on a stream", "PROTOCOL_ERROR", frame(4, 0, 1, settings([3, 1]))],
    ["SETTINGS of 3 bytes", "FRAME_SIZE_ERROR", frame(4, 0, 0, Buffer.alloc(3))],
    ["SETTINGS_ENABLE_PUSH of 2", "PROTOCOL_ERROR", frame(4, 0, 0, settings([2, 2]))],
    [
      "SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1",
      "FLOW_CONTROL_ERROR",
      frame(4, 0, 0, settings([4, 0x8000_0000])),
    ],
    [
      "SETTINGS_MAX_FRAME_SIZE below 16,384",
      "PROTOCOL_ERROR",
      frame(4, 0, 0, settings([5, 16_383])),
    ],
    [
      "SETTINGS_MAX_FRAME_SIZE above 2^24-1",
      "PROTOCOL_ERROR",
      frame(4, 0, 0, settings([5, 0x100_0000])),
    ],
  ]);
  goesOn([
    ["an unknown setting", frame(4, 0, 0, settings([0xff, 1]))],
    [
      "any allowed setting",
      frame(
        4,
        0,
        0,
        settings([1, 0], [2, 1], [3, 0], [4, 65_535], [5, 16_777_215], [6, 1_000_000]),
      ),
    ],
  ]);

  test("the last of several values applies", async () => {
    const client = await Http2Client.open(stage, gateway.port, settings([4, 100], [4, 1]));
    client.grantsWindows = false;
    client.send(whole);
    await client.until(() => client.stream(1).content.length > 0);
    await client.pong();
    expect(client.stream(1).content.length).toBe(1);
  });
});

describe("6.6 and 8.4: PUSH_PROMISE", () => {
  endsConnection([["PUSH_PROMISE of a client", "PROTOCOL_ERROR", open, frame(5, 4, 1, uint32(2))]]);
});

describe("6.7 and 6.8: PING and GOAWAY", () => {
  endsConnection([
    ["PING on a stream", "PROTOCOL_ERROR", frame(6, 0, 1, EIGHT)],
    ["PING of 6 bytes", "FRAME_SIZE_ERROR", frame(6, 0, 0, Buffer.alloc(6))],
    ["GOAWAY on a stream", "PROTOCOL_ERROR", frame(7, 0, 1, Buffer.alloc(8))],
    ["GOAWAY of 4 bytes", "FRAME_SIZE_ERROR", frame(7, 0, 0, WORD)],
  ]);

  test("PING is answered with what it held, its acknowledgement is not", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(frame(6, 1, 0, EIGHT), frame(6, 0, 0, Buffer.from("abcdefgh")));
    await client.until(() => client.frames.some(({ type }) => type === 6));
    await client.pong();
    const pings = client.frames.filter(({ type }) => type === 6);
    expect(pings.map(({ flags, payload }) => [flags, payload.toString("latin1")])).toEqual([
      [1, "abcdefgh"],
      [1, "\0\0\0\x01\0\0\0\0"],
    ]);
  });

  test("a client that says GOAWAY gets the answer it has asked for, and then the end", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, get({ ":path": "/delay/50ms" })), frame(7, 0, 0, Buffer.alloc(8)));
    expect((await client.answer(1)).isEnded).toBe(true);
    await closed(client);
  });
});

describe("6.9: WINDOW_UPDATE", () => {
  endsConnection([
    ["a WINDOW_UPDATE of 0", "PROTOCOL_ERROR", frame(8, 0, 0, uint32(0))],
    ["a WINDOW_UPDATE of 3 bytes", "FRAME_SIZE_ERROR", frame(8, 0, 0, Buffer.alloc(3))],
    [
      "a window of the connection above 2^31-1",
      "FLOW_CONTROL_ERROR",
      frame(8, 0, 0, uint32(0x7fff_ffff)),
    ],
    [
      "SETTINGS that make a stream's window larger than 2^31-1",
      "FLOW_CONTROL_ERROR",
      open,
      frame(8, 0, 1, uint32(0x7fff_0000)),
      frame(4, 0, 0, settings([4, 0x7fff_ffff])),
    ],
  ]);
  resetsStream([
    ["a WINDOW_UPDATE of 0 for a stream", "PROTOCOL_ERROR", open, frame(8, 0, 1, uint32(0))],
    [
      "a stream's window above 2^31-1",
      "FLOW_CONTROL_ERROR",
      open,
      frame(8, 0, 1, uint32(0x7fff_ffff)),
    ],
  ]);

  test("content is sent as the stream's window allows, which SETTINGS may change", async () => {
    const client = await Http2Client.open(stage, gateway.port, settings([4, 0]));
    client.grantsWindows = false;
    client.send(whole);
    await client.until(() => client.status(1) === "200");
    await client.pong();
    expect(client.stream(1).content).toBe("");
    client.send(frame(4, 0, 0, settings([4, 1])));
    await client.until(() => client.stream(1).content.length === 1);
    client.send(frame(8, 0, 1, uint32(2)));
    await client.until(() => client.stream(1).content.length === 3);
    // The window becomes negative: 1 + 2 - 3 - 1.
    client.send(frame(4, 0, 0, settings([4, 0])), frame(8, 0, 1, uint32(1)));
    await client.pong();
    expect(client.stream(1).content.length).toBe(3);
    client.send(frame(8, 0, 1, uint32(2)));
    expect((await client.answer(1)).content.length).toBe(5);
  });

  test("content is sent as the connection's window allows", async () => {
    const client = await Http2Client.open(stage, gateway.port, settings([4, 1_000_000]));
    client.grantsWindows = false;
    client.send(headers(1, get({ ":path": "/bytes/100000" })));
    await client.until(() => client.stream(1).content.length === 65_535);
    await client.pong();
    expect(client.stream(1).content.length).toBe(65_535);
    client.send(frame(8, 0, 0, uint32(100_000)));
    expect((await client.answer(1)).content.length).toBe(100_000);
  });
});

describe("6.10: CONTINUATION", () => {
  const [first, second, third] = [block(get()), literal("x-a", "b"), literal("x-c", "d")];
  goesOn([
    [
      "a header block of several",
      frame(1, 1, 1, first),
      frame(9, 0, 1, second),
      frame(9, 4, 1, third),
    ],
    ["an empty one", frame(1, 1, 1, first), frame(9, 0, 1), frame(9, 4, 1)],
  ]);
  endsConnection([
    [
      "another frame after it",
      "PROTOCOL_ERROR",
      frame(1, 1, 1, first),
      frame(9, 0, 1, second),
      frame(0, 1, 1, WORD),
    ],
    ["one on stream 0", "PROTOCOL_ERROR", frame(1, 1, 1, first), frame(9, 4, 0, second)],
    ["one after a whole header block", "PROTOCOL_ERROR", open, frame(9, 4, 1, second)],
    [
      "one after the last",
      "PROTOCOL_ERROR",
      frame(1, 1, 1, first),
      frame(9, 4, 1, second),
      frame(9, 4, 1, third),
    ],
    ["one after DATA", "PROTOCOL_ERROR", open, frame(0, 0, 1, WORD), frame(9, 4, 1, second)],
  ]);
});

describe("7: error codes", () => {
  goesOn([["RST_STREAM with an unknown code", open, frame(3, 0, 1, uint32(0xff))]]);
});

describe("8.1: messages", () => {
  goesOn([["trailers", open, frame(0, 0, 1, WORD), headers(1, TRAILERS)]]);
  resetsStream([
    ["a second HEADERS without END_STREAM", "PROTOCOL_ERROR", open, headers(1, TRAILERS, false)],
    [
      "a pseudo-field among trailers",
      "PROTOCOL_ERROR",
      open,
      headers(1, [...TRAILERS, [":method", "GET"]]),
    ],
    [
      "less content than Content-Length",
      "PROTOCOL_ERROR",
      headers(1, [...POST, ["content-length", "5"]], false),
      frame(0, 1, 1, Buffer.from("four")),
    ],
    [
      "more content than Content-Length",
      "PROTOCOL_ERROR",
      headers(1, [...POST, ["content-length", "5"]], false),
      frame(0, 0, 1, Buffer.from("four")),
      frame(0, 1, 1, Buffer.from("four")),
    ],
    [
      "a Content-Length before trailers alone",
      "PROTOCOL_ERROR",
      headers(1, [...POST, ["content-length", "5"]], false),
      headers(1, TRAILERS),
    ],
  ]);
});

describe("8.2 and 8.3: fields", () => {
  const malformed: readonly (readonly [string, Fields])[] = [
    ["an upper-case name", get({}, [["X-Test", "1"]])],
    ["an empty name", get({}, [["", "1"]])],
    ["a blank in a name", get({}, [["x test", "1"]])],
    ["a line break in a value", get({}, [["x-test", "1\r\nx-other: 2"]])],
    ["NUL in a value", get({}, [["x-test", "1\0"]])],
    ["a blank before a value", get({}, [["x-test", " 1"]])],
    ["a blank after a value", get({}, [["x-test", "1 "]])],
    ["an unknown pseudo-field", get({ ":test": "1" })],
    ["a pseudo-field of answers", get({ ":status": "200" })],
    ["a pseudo-field after another field", [["x-test", "1"], ...get()]],
    ["a pseudo-field twice", [...get(), [":path", "/bytes/5"]]],
    ["Connection", get({}, [["connection", "keep-alive"]])],
    ["Keep-Alive", get({}, [["keep-alive", "5"]])],
    ["Proxy-Connection", get({}, [["proxy-connection", "keep-alive"]])],
    ["Transfer-Encoding", get({}, [["transfer-encoding", "chunked"]])],
    ["Upgrade", get({}, [["upgrade", "websocket"]])],
    ["TE other than trailers", get({}, [["te", "trailers, deflate"]])],
    ["an empty :path", get({ ":path": "" })],
    ["a :path without a slash", get({ ":path": "bytes/5" })],
    ["a blank in :path", get({ ":path": "/bytes/5 HTTP/1.1" })],
    ["a line break in :path", get({ ":path": "/bytes/5\r\nx: y" })],
    ["no :method", get({ ":method": undefined })],
    ["a :method with a blank", get({ ":method": "GET /x" })],
    ["no :scheme", get({ ":scheme": undefined })],
    ["no :path", get({ ":path": undefined })],
    ["neither :authority nor Host", get({ ":authority": undefined })],
    ["an empty :authority", get({ ":authority": "" })],
    ["another Host than :authority", get({}, [["host", "b"]])],
    [
      "two Host fields",
      get({ ":authority": undefined }, [
        ["host", "a"],
        ["host", "a"],
      ]),
    ],
    ["user information in :authority", get({ ":authority": "b@a" })],
    ["a Content-Length without content", get({}, [["content-length", "1"]])],
    ["a Content-Length that is not a number", get({}, [["content-length", "a"]])],
    [
      "two Content-Length fields",
      get({}, [
        ["content-length", "0"],
        ["content-length", "0"],
      ]),
    ],
  ];
  test.each(malformed)("a request with %s is answered 400, and reset", async (_, fields) => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, fields));
    await client.until(() => client.stream(1).resetBy !== undefined);
    expect(client.stream(1).resetBy).toBe(CODES.PROTOCOL_ERROR);
    expect(client.status(1)).toBe("400");
    client.send(headers(3, get()));
    expect((await client.answer(3)).content.length).toBe(5);
  });

  test.each<[string, Fields]>([
    ["TE with trailers", get({}, [["te", "trailers"]])],
    ["Host in place of :authority", get({ ":authority": undefined }, [["host", "a"]])],
    ["Host beside the same :authority", get({}, [["host", "A"]])],
    [
      "several Cookie fields",
      get({}, [
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ]),
    ],
  ])("a request with %s is answered", async (_, fields) => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, fields));
    await client.answer(1);
    expect(client.status(1)).toBe("200");
  });
});

describe("RFC 7541", () => {
  const full = block(get());
  const huffman = Buffer.from("008825a849e95ba97d7f8925a849e95bb8e8b4bf", "hex");
  const at = (...parts: readonly Buffer[]): Buffer => frame(1, 5, 1, Buffer.concat(parts));
  const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
  goesOn([
    ["an indexed field", at(full, bytes("90"))],
    ["a literal with incremental indexing", at(full, bytes("4003782d610162"))],
    ["a literal that is never indexed", at(full, bytes("1003782d610162"))],
    ["a literal with an indexed name", at(full, bytes("0f1d0162"))],
    ["Huffman coding", at(full, huffman)],
    ["a field of the dynamic table", at(full, bytes("4003782d610162be"))],
    ["table size updates before the first field", at(bytes("203fe11f"), full)],
  ]);
  endsConnection([
    ["2.3.3: an index after the table", "COMPRESSION_ERROR", at(full, bytes("be"))],
    ["2.3.3: a name's index after the table", "COMPRESSION_ERROR", at(full, bytes("7f000162"))],
    ["4.2: a table size update after a field", "COMPRESSION_ERROR", at(full, bytes("20"))],
    [
      "5.2: Huffman padding above 7 bits",
      "COMPRESSION_ERROR",
      at(full, bytes("40016182 1fff".replace(" ", ""))),
    ],
    ["5.2: Huffman padding with zeros", "COMPRESSION_ERROR", at(full, bytes("4001618100"))],
    ["5.2: a Huffman code with EOS", "COMPRESSION_ERROR", at(full, bytes("40016184ffffffff"))],
    ["6.1: an index of 0", "COMPRESSION_ERROR", at(full, bytes("80"))],
    ["6.3: a table size above the allowed one", "COMPRESSION_ERROR", at(bytes("3fe21f"), full)],
    ["a string longer than the block", "COMPRESSION_ERROR", at(full, bytes("4001617f0102"))],
    ["an integer without an end", "COMPRESSION_ERROR", at(full, bytes("ff808080808080808001"))],
  ]);
});
