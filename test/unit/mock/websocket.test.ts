import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { converse, mocks, rawRequest } from "./support.ts";

const start = mocks();
const HANDSHAKE = [
  "Upgrade: websocket",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

function handshake(target = "/ws", fields: readonly string[] = HANDSHAKE): string {
  return rawRequest("GET", target, fields).replace("Connection: close", "Connection: Upgrade");
}

function opened(url: string, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  return new Promise((resolve) => socket.addEventListener("open", () => resolve(socket)));
}

function nextMessage(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve) =>
    socket.addEventListener("message", (event) => resolve(event.data), { once: true }),
  );
}

function nextClose(socket: WebSocket): Promise<CloseEvent> {
  return new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
}

/** A client's frame, whose mask of zeros leaves the payload readable. */
function frame(first: number, payload: Uint8Array | string): Buffer {
  const body = Buffer.from(payload);
  return Buffer.concat([Buffer.from([first, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

/** The bytes after the handshake, if a client sends these frames and is then disconnected. */
async function answerTo(port: number, ...frames: Buffer[]): Promise<Buffer> {
  const answer = await converse(port, Buffer.concat([Buffer.from(handshake()), ...frames]));
  return Buffer.from(answer.slice(answer.indexOf("\r\n\r\n") + 4), "latin1");
}

describe("echoing", () => {
  test.each([0, 5, 125, 126, 65_535, 65_536, 1_000_000])(
    "a text of %d bytes comes back",
    async (length) => {
      const socket = await opened(`${start().url}/ws`);
      const message = nextMessage(socket);
      socket.send("ü".repeat(length >> 1).padEnd(length - (length >> 1), "x"));
      expect(await message).toBe("ü".repeat(length >> 1).padEnd(length - (length >> 1), "x"));
      socket.close();
      await nextClose(socket);
    },
  );

  test("binary comes back as binary", async () => {
    const socket = await opened(`${start().url}/ws`);
    const message = nextMessage(socket);
    socket.send(new Uint8Array([0, 255, 7]));
    expect(new Uint8Array((await message) as ArrayBuffer)).toEqual(new Uint8Array([0, 255, 7]));
    socket.close();
    await nextClose(socket);
  });

  test("many messages come back in order, faster than a client reads them", async () => {
    const socket = await opened(`${start().url}/ws`);
    const sizes: number[] = [];
    const all = new Promise<void>((resolve) => {
      socket.addEventListener("message", (event) => {
        sizes.push((event.data as ArrayBuffer).byteLength);
        if (sizes.length === 100) resolve();
      });
    });
    const sent = Array.from({ length: 100 }, (_, index) => 100_000 + index);
    for (const size of sent) socket.send(new Uint8Array(size));
    await all;
    expect(sizes).toEqual(sent);
    socket.close();
    await nextClose(socket);
  });

  test("fragments come back as one message, with a ping between them answered first", async () => {
    const answer = await answerTo(
      start().port,
      frame(0x01, "hel"),
      frame(0x89, "p"),
      frame(0x8a, "unasked"),
      frame(0x80, "lo"),
      frame(0x88, ""),
    );
    const pong = Buffer.concat([Buffer.from([0x8a, 1]), Buffer.from("p")]);
    const hello = Buffer.concat([Buffer.from([0x81, 5]), Buffer.from("hello")]);
    expect(answer).toEqual(Buffer.concat([pong, hello, Buffer.from([0x88, 0])]));
  });

  test("a frame that comes byte by byte is understood", async () => {
    const { port } = start();
    const socket = connect(port, "127.0.0.1");
    const pieces: Buffer[] = [];
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.setNoDelay(true);
    socket.write(handshake());
    await new Promise((resolve) => socket.once("data", resolve));
    for (const byte of Buffer.concat([frame(0x81, "slow"), frame(0x88, "")])) {
      await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
    }
    await new Promise((resolve) => socket.once("close", resolve));
    expect(Buffer.concat(pieces).toString("latin1")).toEndWith("\x81\x04slow\x88\x00");
  });
});

describe("the handshake", () => {
  test("the key is answered as in the example of RFC 6455", async () => {
    const answer = await converse(start().port, handshake("/ws?close=1000"));
    expect(answer).toStartWith("HTTP/1.1 101 Switching Protocols\r\n");
    expect(answer).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect(answer).not.toContain("Sec-WebSocket-Protocol");
  });

  test("the first subprotocol on offer is taken", async () => {
    const socket = await opened(`${start().url}/ws`, ["chat.v2", "chat.v1"]);
    expect(socket.protocol).toBe("chat.v2");
    socket.close();
    await nextClose(socket);
  });

  test("a request that asks for no upgrade is answered with 426", async () => {
    const answer = await fetch(`${start().url}/ws`);
    expect(answer.status).toBe(426);
    expect(answer.headers.get("upgrade")).toBe("websocket");
  });

  test("another version is answered with 426 and the one that is known", async () => {
    const fields = HANDSHAKE.map((field) => field.replace("13", "8"));
    const answer = await converse(start().port, handshake("/ws", fields));
    expect(answer).toStartWith("HTTP/1.1 426 ");
    expect(answer).toContain("Sec-WebSocket-Version: 13\r\n");
  });

  test("a handshake without a key is answered with 400", async () => {
    const fields = HANDSHAKE.filter((field) => !field.includes("Key"));
    expect(await converse(start().port, handshake("/ws", fields))).toStartWith("HTTP/1.1 400 ");
  });

  test("?status= refuses it with that status", async () => {
    const answer = await converse(start().port, handshake("/ws?status=401"));
    expect(answer).toStartWith("HTTP/1.1 401 ");
    expect(answer).toContain('"server":"Mock-1"');
  });

  test("?delay= puts it off", async () => {
    const begun = performance.now();
    const socket = await opened(`${start().url}/ws?delay=20ms`);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(19);
    socket.close();
    await nextClose(socket);
  });

  test("an upgrade to anything else is passed over", async () => {
    const { port } = start();
    const fields = ["Upgrade: h2c", "Content-Length: 0"];
    const request = rawRequest("GET", "/echo", fields).replace("close", "Upgrade, close");
    expect(await converse(port, request)).toStartWith("HTTP/1.1 200 ");
  });
});

describe("closing", () => {
  test("?close= closes at once with that code and reason", async () => {
    const socket = await opened(`${start().url}/ws?close=4001&reason=bye`);
    const { code, reason } = await nextClose(socket);
    expect({ code, reason }).toEqual({ code: 4001, reason: "bye" });
  });

  test("a client's close is answered with its own code", async () => {
    const socket = await opened(`${start().url}/ws`);
    socket.close(4002, "enough");
    expect((await nextClose(socket)).code).toBe(4002);
  });

  test("frames after a close are not answered", async () => {
    const close = frame(0x88, Buffer.from([0x0f, 0xa1]));
    const answer = await answerTo(start().port, close, frame(0x81, "late"));
    expect(answer).toEqual(Buffer.from([0x88, 2, 0x0f, 0xa1]));
  });

  test.each(["close=999", "close=1005", "close=1006", "close=1015", "close=5000", "close=x"])(
    "?%s, which may not be sent, is answered with 400",
    async (query) => {
      const answer = await converse(start().port, handshake(`/ws?${query}`));
      expect(answer).toStartWith("HTTP/1.1 400 ");
    },
  );

  test("a reason that no close frame can hold is answered with 400", async () => {
    const target = `/ws?close=4001&reason=${"x".repeat(124)}`;
    expect(await converse(start().port, handshake(target))).toStartWith("HTTP/1.1 400 ");
  });

  test.each([
    ["a reserved bit", frame(0xc1, "x"), 1002],
    ["an unknown opcode", frame(0x83, "x"), 1002],
    ["no mask", Buffer.from([0x81, 1, 120]), 1002],
    ["half a close code", frame(0x88, "x"), 1002],
    ["a fragmented ping", frame(0x09, "x"), 1002],
    ["a ping that is too long", Buffer.from([0x89, 0xfe, 0, 200]), 1002],
    ["a continuation of nothing", frame(0x80, "x"), 1002],
    ["a new message within another", Buffer.concat([frame(0x01, "x"), frame(0x81, "y")]), 1002],
    ["text that is not UTF-8", frame(0x81, Buffer.from([0xff])), 1007],
    ["a frame above 16MiB", Buffer.from([0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]), 1009],
  ])("%s is a breach that closes the connection", async (_, sent, code) => {
    const answer = await answerTo(start().port, sent);
    expect(answer.readUInt8(0)).toBe(0x88);
    expect(answer.readUInt16BE(2)).toBe(code);
  });

  test("fragments above 16MiB in all close the connection, too", async () => {
    const { port } = start();
    const part = Buffer.concat([
      Buffer.from([0x02, 0xff, 0, 0, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0]),
      Buffer.alloc(9 * 2 ** 20),
    ]);
    const next = Buffer.from(part);
    next[0] = 0x00;
    const answer = await answerTo(port, part, next);
    expect(answer.readUInt16BE(2)).toBe(1009);
  });

  test("a client that goes without a word leaves the mock unharmed", async () => {
    const { port, url } = start();
    const socket = connect(port, "127.0.0.1", () => socket.write(handshake()));
    await new Promise((resolve) => socket.once("data", resolve));
    socket.resetAndDestroy();
    await new Promise((resolve) => socket.once("close", resolve));
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
