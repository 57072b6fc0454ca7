import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { fieldOf } from "../../../../src/http/field.ts";
import { ErrorCode } from "../../../../src/wire/http2/error-code.ts";
import { PREFACE } from "../../../../src/wire/http2/frames.ts";
import {
  block,
  describeFrames,
  frame,
  GET,
  headers,
  uint32,
} from "../../../support/http2-frames.ts";
import { exchange, LIMITS, Side, type StreamLog } from "../../../support/http2-pair.ts";

const OK = [":status", "200"];
const CANCEL = ErrorCode.cancel;

/** A client and a server that have exchanged their prefaces. */
function pair(limits = LIMITS): { client: Side; server: Side } {
  const client = new Side("client", limits);
  const server = new Side("server", limits);
  exchange(client, server);
  return { client, server };
}

/** Answers each request with what it sent, as it comes. */
function echo(log: StreamLog): void {
  log.stream!.head(OK, [], false);
  log.data = (bytes) => {
    log.stream!.send(bytes);
    log.stream!.consumed(bytes.length);
  };
  log.ended = () => log.stream!.end([fieldOf("x-end", "1")]);
}

describe("two sides", () => {
  test("exchange a request and an answer without content, in one write each", () => {
    const { client, server } = pair();
    server.onHead = ({ stream }) => stream!.head(OK, [fieldOf("X-A", "b")], true);
    const before = server.line.writes;
    const answer = client.request();
    exchange(client, server);
    expect(server.peerStreams[0]!.sections).toEqual([
      [":method: GET", ":scheme: http", ":path: /", ":authority: a"],
    ]);
    expect(answer.sections).toEqual([[":status: 200", "x-a: b"]]);
    expect(answer.hasEnded).toBe(true);
    expect(answer.overs).toEqual([undefined]);
    expect(server.peerStreams[0]!.overs).toEqual([undefined]);
    expect(server.line.writes).toBe(before + 1);
    expect(client.idle).toEqual([false, true]);
  });

  test("pass content and trailers on, however the bytes are cut and however much it is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 4 }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1000, max: 100_000 })),
        (uploads, pieceSize) => {
          const small = pieceSize < 1000;
          const { client, server } = pair();
          server.onHead = echo;
          const logs = uploads.map((sizes, index) => {
            const log = client.request("POST", false);
            const pieces = sizes.map((size) => Buffer.alloc(small ? size % 200 : size, 97 + index));
            for (const piece of pieces) log.stream!.send(piece);
            log.stream!.end();
            return { log, sent: Buffer.concat(pieces).toString() };
          });
          exchange(client, server, pieceSize);
          for (const { log, sent } of logs) {
            expect(log.content === sent).toBe(true);
            expect(log.sections).toEqual([[":status: 200"], ["x-end: 1"]]);
            expect(log.overs).toEqual([undefined]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("take turns, so that a long answer does not keep a short one waiting", () => {
    const { client, server } = pair();
    server.onHead = ({ stream }) => {
      stream!.head(OK, [], false);
      stream!.send(Buffer.alloc(stream!.id === 1 ? 60_000 : 20_000), true);
    };
    client.request();
    client.request();
    client.endTurn();
    server.connection.received(client.line.take());
    server.endTurn();
    const frames = describeFrames(server.line.take()).filter((text) => text.startsWith("DATA"));
    expect(frames).toEqual([
      "DATA 1 16384 bytes",
      "DATA 3 16384 bytes",
      "DATA 1 16384 bytes",
      "DATA 3 end 3616 bytes",
      "DATA 1 16384 bytes",
      "DATA 1 end 10848 bytes",
    ]);
  });

  test("send nothing while the socket is full, and go on when it has room", () => {
    const { client, server } = pair();
    server.onHead = ({ stream }) => {
      stream!.head(OK, [], false);
      stream!.send(Buffer.alloc(40_000), true);
    };
    client.request();
    client.endTurn();
    server.line.isFull = true;
    server.connection.received(client.line.take());
    server.endTurn();
    expect(describeFrames(server.line.take())).toEqual(["HEADERS 1"]);
    server.line.isFull = false;
    server.connection.drained();
    expect(describeFrames(server.line.take()).at(-1)).toBe("DATA 1 end 7232 bytes");
  });

  test("say when a producer should wait, and when no longer", () => {
    const { client, server } = pair();
    const log = client.request("POST", false);
    log.stream!.send(Buffer.alloc(200_000));
    expect(log.stream!.isFull).toBe(true);
    exchange(client, server);
    expect(log.stream!.isFull).toBe(false);
    expect(log.drains).toBe(1);
  });

  test("hold content back that nobody uses, until it is used", () => {
    const { client, server } = pair();
    server.onHead = (log) => (log.uses = false);
    const log = client.request("POST", false);
    log.stream!.send(Buffer.alloc(200_000), true);
    exchange(client, server);
    const received = server.peerStreams[0]!;
    expect(received.content.length).toBe(65_535);
    received.uses = true;
    received.stream!.consumed(65_535);
    exchange(client, server);
    expect(received.content.length).toBe(200_000);
  });

  test("give the connection's window back for content of a stream that was reset", () => {
    const { client, server } = pair();
    server.onHead = (log) => (log.uses = false);
    for (let round = 0; round < 5; round += 1) {
      const log = client.request("POST", false);
      log.stream!.send(Buffer.alloc(60_000), true);
      exchange(client, server);
      expect(server.peerStreams[round]!.content.length).toBe(60_000);
      server.peerStreams[round]!.stream!.reset(CANCEL);
      exchange(client, server);
      expect(log.overs).toMatchObject([{ code: CANCEL, by: "peer" }]);
    }
    expect(client.error).toBeUndefined();
  });

  test("send interim answers before the final one", () => {
    const { client, server } = pair();
    server.onHead = ({ stream }) => {
      stream!.head([":status", "103"], [fieldOf("link", "</a>")], false);
      stream!.head(OK, [], true);
    };
    const log = client.request();
    exchange(client, server);
    expect(log.sections).toEqual([[":status: 103", "link: </a>"], [":status: 200"]]);
  });

  test("keep to the number of streams that the peer allows", () => {
    const { client, server } = pair();
    for (let index = 0; index < 10; index += 1) client.request();
    expect(client.connection.canOpen).toBe(false);
    exchange(client, server);
    server.peerStreams[0]!.stream!.head(OK, [], true);
    exchange(client, server);
    expect(client.connection.canOpen).toBe(true);
  });

  test("split a header section that does not fit into a frame", () => {
    const limits = { ...LIMITS, headers: { maxSize: 100_000, maxFields: 100 } };
    const { client, server } = pair(limits);
    const value = "x".repeat(50_000);
    server.onHead = ({ stream }) => stream!.head(OK, [fieldOf("x-long", value)], true);
    const log = client.request();
    exchange(client, server);
    expect(log.sections).toEqual([[":status: 200", `x-long: ${value}`]]);
  });

  test("end their streams when the socket is gone", () => {
    const { client } = pair();
    const log = client.request();
    client.connection.closed("reset");
    expect(log.overs).toMatchObject([{ by: "connection", message: "reset" }]);
    expect(client.error?.message).toBe("reset");
    expect(client.connection.canOpen).toBe(false);
  });
});

describe("leaving", () => {
  test("a server that drains serves what is on its way, and then closes", () => {
    const { client, server } = pair();
    const first = client.request();
    exchange(client, server);
    server.connection.drain();
    server.endTurn();
    const second = client.request();
    exchange(client, server);
    expect(client.connection.canOpen).toBe(false);
    expect(client.leaving).toStartWith("0 ");
    expect(server.peerStreams.length).toBe(2);
    for (const { stream } of server.peerStreams) stream!.head(OK, [], true);
    exchange(client, server);
    expect([first.overs, second.overs]).toEqual([[undefined], [undefined]]);
    expect(server.line.endedBy).toBe("close");
    expect(server.error?.code).toBe(0);
  });

  test("an idle server that drains closes once the client has seen it, or does not answer", () => {
    const { client, server } = pair();
    server.connection.drain();
    server.endTurn();
    expect(describeFrames(server.line.take())).toEqual([
      "GOAWAY 0 last 2147483647 code 0",
      "PING 0",
    ]);
    expect(server.line.endedBy).toBeUndefined();
    server.clock.advance(1000);
    exchange(client, server);
    expect(server.line.endedBy).toBe("close");
    expect(server.clock.pending).toBe(0);
  });

  test("streams that the leaving peer has not seen are refused", () => {
    const { client } = pair();
    const logs = [client.request(), client.request()];
    client.connection.received(
      frame(7, 0, 0, Buffer.concat([uint32(1), uint32(0), Buffer.from("bye")])),
    );
    expect(logs[0]!.overs).toEqual([]);
    expect(logs[1]!.overs).toMatchObject([{ by: "refused" }]);
    expect(client.leaving).toBe("0 the peer has closed the connection: NO_ERROR bye");
  });

  test("a client that stops sending gets the answers it has asked for in full", () => {
    const { client, server } = pair();
    client.request();
    client.request("POST", false);
    exchange(client, server);
    server.connection.peerEnded();
    expect(server.peerStreams[1]!.overs).toMatchObject([{ by: "connection" }]);
    expect(server.line.endedBy).toBeUndefined();
    server.peerStreams[0]!.stream!.head(OK, [], true);
    server.endTurn();
    expect(describeFrames(server.line.take()).at(-1)).toBe("HEADERS 1 end");
    expect(server.line.endedBy).toBe("close");
  });

  test("the line is ended after what was written when it has been full", () => {
    const { server } = pair();
    server.line.isFull = true;
    server.connection.received(frame(6, 0, 1, Buffer.alloc(8)));
    expect(server.line.endedBy).toBeUndefined();
    server.line.isFull = false;
    server.connection.drained();
    expect(server.line.endedBy).toBe("close");
  });
});

/** What a server sends back for these frames, after the preface. */
function answersTo(frames: readonly Buffer[], change?: (server: Side) => void): string[] {
  const server = new Side("server");
  server.connection.received(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0)]));
  server.endTurn();
  server.line.take();
  change?.(server);
  server.connection.received(Buffer.concat(frames));
  server.endTurn();
  return describeFrames(server.line.take());
}

const WORD = uint32(1);
const TRAILERS: typeof GET = [["x-a", "b"]];
const open = headers(1, GET, false);
const whole = headers(1);
const ended = (server: Side): void => {
  server.onHead = ({ stream }, isEnd) => {
    if (isEnd) stream!.head(OK, [], true);
  };
};

describe("errors of a stream", () => {
  test.each<[string, string, readonly Buffer[]]>([
    ["DATA after the end", "RST_STREAM 1 code 5", [whole, frame(0, 0, 1, WORD)]],
    ["HEADERS after the end", "RST_STREAM 1 code 5", [whole, headers(1)]],
    ["trailers without END_STREAM", "RST_STREAM 1 code 1", [open, headers(1, TRAILERS, false)]],
    ["a WINDOW_UPDATE of 0", "RST_STREAM 1 code 1", [open, frame(8, 0, 1, uint32(0))]],
    ["a window above 2^31-1", "RST_STREAM 1 code 3", [open, frame(8, 0, 1, uint32(0x7fffffff))]],
    [
      "more than the stream's window",
      "RST_STREAM 1 code 3",
      [open, ...Array<Buffer>(5).fill(frame(0, 0, 1, Buffer.alloc(16_384)))],
    ],
    ["a PRIORITY of a wrong length", "RST_STREAM 1 code 6", [open, frame(2, 0, 1, WORD)]],
  ])("%s resets it", (_, answer, frames) => {
    const answers = answersTo([...frames, frame(6, 0, 0, Buffer.alloc(8))], (server) => {
      server.onHead = (log) => (log.uses = false);
    });
    expect(answers[0]).toBe(answer);
    // The connection goes on.
    expect(answers.at(-1)).toBe("PING 0 ack");
  });

  test.each([
    ["more", "4", "hello", "more content than Content-Length says"],
    ["less", "6", "hello", "less content than Content-Length says"],
    ["none", "6", "", "less content than Content-Length says"],
  ])("%s content than announced breaks it off", (_, length, content, message) => {
    let log: StreamLog | undefined;
    answersTo([open, frame(0, 1, 1, Buffer.from(content))], (server) => {
      server.onHead = (own) => {
        log = own;
        own.stream!.expects = Number(length);
      };
    });
    expect(log?.overs).toMatchObject([{ code: 1, by: "invalid", message }]);
    expect(log?.hasEnded).toBe(false);
  });

  test("the frames of a stream that was reset are ignored", () => {
    const answers = answersTo([open, frame(0, 0, 1, WORD), headers(1, TRAILERS)], (server) => {
      server.onHead = ({ stream }) => stream!.reset(CANCEL);
    });
    expect(answers).toEqual(["RST_STREAM 1 code 8"]);
  });

  test("a stream above the limit is refused", () => {
    const all = Array.from({ length: 11 }, (_, index) => headers(2 * index + 1));
    expect(answersTo(all)).toEqual(["RST_STREAM 21 code 7"]);
  });

  test("a header section above the limit is reported, and the table stays right", () => {
    let log: StreamLog | undefined;
    const long = [...GET, ["x-long", "x".repeat(16_384)] as const];
    answersTo(
      [
        frame(1, 1, 1, block(long).subarray(0, 16_000)),
        frame(9, 4, 1, block(long).subarray(16_000)),
      ],
      (server) => {
        server.opened = (stream) => {
          log = Side.prototype.opened.call(server, stream) as StreamLog;
          return log;
        };
      },
    );
    expect(log).toMatchObject({ tooLarge: 1, sections: [], hasEnded: true });
  });
});

describe("errors of the connection", () => {
  test.each<[string, number, readonly Buffer[], ((server: Side) => void) | null]>([
    ["DATA on an idle stream", 1, [frame(0, 0, 1, WORD)], null],
    ["RST_STREAM on an idle stream", 1, [frame(3, 0, 1, WORD)], null],
    ["WINDOW_UPDATE on an idle stream", 1, [frame(8, 0, 1, WORD)], null],
    ["HEADERS on an even stream", 1, [headers(2)], null],
    ["HEADERS on a stream that was left out", 1, [headers(5), headers(3)], null],
    ["HEADERS on a closed stream", 5, [whole, headers(1)], ended],
    ["PUSH_PROMISE", 1, [frame(5, 4, 1, WORD)], null],
    ["a window above 2^31-1", 3, [frame(8, 0, 0, uint32(0x7fffffff))], null],
    ["a compression error", 9, [frame(1, 5, 1, Buffer.from([0x80]))], null],
    ["SETTINGS_ENABLE_PUSH of 2", 1, [frame(4, 0, 0, Buffer.from("000200000002", "hex"))], null],
    [
      "a window in SETTINGS above 2^31-1",
      3,
      [frame(4, 0, 0, Buffer.from("000480000000", "hex"))],
      null,
    ],
    ["a frame size below 16,384", 1, [frame(4, 0, 0, Buffer.from("000500003fff", "hex"))], null],
    ["a frame size above 2^24-1", 1, [frame(4, 0, 0, Buffer.from("000501000000", "hex"))], null],
    [
      "SETTINGS that make a stream's window too large",
      3,
      [
        headers(1, GET, false),
        frame(8, 0, 1, uint32(0x7fff0000)),
        frame(4, 0, 0, Buffer.from("00047fffffff", "hex")),
      ],
      null,
    ],
    [
      "more than the connection's window",
      3,
      [1, 3].flatMap((id) => [
        headers(id, GET, false),
        ...Array<Buffer>(3).fill(frame(0, 0, id, Buffer.alloc(16_384))),
        frame(0, 0, id, Buffer.alloc(16_383)),
      ]),
      (server) => (server.onHead = (log) => (log.uses = false)),
    ],
  ])("%s ends it", (_, code, frames, change) => {
    expect(
      answersTo([...frames, frame(6, 0, 0, Buffer.alloc(8))], change ?? undefined).at(-1),
    ).toMatch(new RegExp(`^GOAWAY 0 last \\d+ code ${code}$`));
  });

  test("DATA on a closed stream is answered with STREAM_CLOSED", () => {
    expect(answersTo([whole, frame(0, 0, 1, WORD)], ended).at(-1)).toBe("RST_STREAM 1 code 5");
  });

  test("unknown settings, frames and PRIORITY of any stream are ignored", () => {
    expect(
      answersTo([
        frame(4, 0, 0, Buffer.from("00ff00000001", "hex")),
        frame(0xff, 0xff, 0, WORD),
        frame(2, 0, 9, Buffer.from([0, 0, 0, 3, 1])),
        frame(6, 0, 0, Buffer.alloc(8)),
      ]),
    ).toEqual(["SETTINGS 0 ack", "PING 0 ack"]);
  });
});

describe("a client's connection", () => {
  test.each<[string, number, readonly Buffer[]]>([
    ["SETTINGS that allow push", 1, [frame(4, 0, 0, Buffer.from("000200000001", "hex"))]],
    ["HEADERS on a stream that it has not opened", 1, [headers(5, [[":status", "200"]])]],
    ["PUSH_PROMISE", 1, [frame(5, 4, 1, Buffer.from([0, 0, 0, 2]))]],
  ])("refuses %s", (_, code, frames) => {
    const { client } = pair();
    client.request();
    client.connection.received(Buffer.concat(frames));
    expect(client.error?.code).toBe(code);
  });

  test("refuses content before a head", () => {
    const { client } = pair();
    const log = client.request();
    client.connection.received(frame(0, 1, 1, WORD));
    expect(log.overs).toMatchObject([{ by: "invalid", message: "DATA before HEADERS" }]);
  });
});

describe("floods", () => {
  const times = (count: number, bytes: Buffer): Buffer[] => Array<Buffer>(count).fill(bytes);
  const resets = (count: number): Buffer[] =>
    Array.from({ length: count }, (_, index) => [
      headers(2 * index + 1),
      frame(3, 0, 2 * index + 1, uint32(8)),
    ]).flat();
  const malformed = (count: number): Buffer[] =>
    Array.from({ length: count }, (_, index) => [
      headers(2 * index + 1),
      frame(8, 0, 2 * index + 1, uint32(0)),
    ]).flat();

  test.each<[string, readonly Buffer[]]>([
    ["streams that are reset at once", resets(600)],
    ["streams that we have to reset", malformed(600)],
    ["PING", times(2100, frame(6, 0, 0, Buffer.alloc(8)))],
    ["SETTINGS", times(2100, frame(4, 0, 0))],
    ["acknowledgements", times(2100, frame(4, 1, 0))],
    ["PRIORITY", times(2100, frame(2, 0, 1, Buffer.from([0, 0, 0, 3, 1])))],
    ["WINDOW_UPDATE", times(2100, frame(8, 0, 0, WORD))],
    ["empty DATA", [open, ...times(2100, frame(0, 0, 1))]],
    ["unknown frames", times(2100, frame(0xff, 0, 0))],
  ])("of %s end the connection with ENHANCE_YOUR_CALM", (_, frames) => {
    expect(answersTo(frames).at(-1)).toMatch(/^GOAWAY 0 last \d+ code 11$/);
  });

  test("are not what a client may do slowly, for long", () => {
    const server = new Side("server");
    server.connection.received(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0)]));
    for (let second = 0; second < 60; second += 1) {
      server.connection.received(Buffer.concat(times(150, frame(6, 0, 0, Buffer.alloc(8)))));
      server.endTurn();
      server.clock.advance(1000);
    }
    expect(server.error).toBeUndefined();
  });

  test("of frames whose answers are not read end the connection before memory is filled", () => {
    const server = new Side("server");
    server.connection.received(Buffer.concat([Buffer.from(PREFACE), frame(4, 0, 0)]));
    server.endTurn();
    server.line.isFull = true;
    for (let second = 0; second < 100; second += 1) {
      server.connection.received(Buffer.concat(times(100, frame(6, 0, 0, Buffer.alloc(8)))));
      server.endTurn();
      server.clock.advance(1000);
    }
    expect(server.error?.message).toBe("frames whose answers are not read");
    expect(server.line.take().length).toBeLessThan(100_000);
  });
});
