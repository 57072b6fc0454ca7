import { connect } from "node:tls";
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { LONGEST_HELLO, readClientHello } from "../../../src/wire/client-hello.ts";

/** What a client of the runtime says first. */
async function helloOf(options: { servername?: string; ALPNProtocols?: string[] }) {
  const first = Promise.withResolvers<Buffer>();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (_, bytes) => first.resolve(Buffer.from(bytes)) },
  });
  const client = connect({ host: "127.0.0.1", port: listener.port, ...options });
  client.on("error", () => {});
  try {
    return await first.promise;
  } finally {
    client.destroy();
    listener.stop(true);
  }
}

const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const vector = (length: (value: number) => Buffer, ...content: (string | Uint8Array)[]) => {
  const all = Buffer.concat(content.map((part) => Buffer.from(part as string)));
  return Buffer.concat([length(all.length), all]);
};

function serverName(name: string | Uint8Array, type = 0) {
  return Buffer.concat([u16(0), vector(u16, vector(u16, u8(type), vector(u16, name)))]);
}

function alpn(...protocols: string[]) {
  return Buffer.concat([
    u16(16),
    vector(u16, vector(u16, ...protocols.map((protocol) => vector(u8, protocol)))),
  ]);
}

function messageOf(...extensions: Uint8Array[]) {
  const content = Buffer.concat([
    Buffer.from("0303", "hex"),
    Buffer.alloc(32, 7),
    vector(u8, "session"),
    vector(u16, Buffer.from("13011302", "hex")),
    vector(u8, u8(0)),
    extensions.length === 0 ? Buffer.alloc(0) : vector(u16, ...extensions),
  ]);
  return Buffer.concat([u8(1), u8(0), u16(content.length), content]);
}

function inRecords(message: Uint8Array, size = message.length) {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    records.push(
      Buffer.concat([Buffer.from("160301", "hex"), vector(u16, message.subarray(at, at + size))]),
    );
  }
  return Buffer.concat(records);
}

function read(...extensions: Uint8Array[]) {
  return readClientHello(inRecords(messageOf(...extensions)));
}

function complete(serverName: string, protocols: string[]) {
  return { state: "complete", hello: { serverName, protocols } } as const;
}

describe("the hello of a real client", () => {
  test("tells the server name and the protocols", async () => {
    const bytes = await helloOf({ servername: "API.example.com", ALPNProtocols: ["h2", "x"] });
    expect(readClientHello(bytes)).toEqual(complete("api.example.com", ["h2", "x"]));
  });

  test("may have neither", async () => {
    expect(readClientHello(await helloOf({}))).toEqual(complete("", []));
  });
});

describe("a hello", () => {
  const bytes = inRecords(messageOf(serverName("a.test"), alpn("h2", "http/1.1")));
  const whole = complete("a.test", ["h2", "http/1.1"]);

  test("is complete with its last byte, and not before", () => {
    for (let end = 0; end < bytes.length; end += 1) {
      expect(readClientHello(bytes.subarray(0, end))).toEqual({ state: "more" });
    }
    expect(readClientHello(bytes)).toEqual(whole);
    expect(readClientHello(Buffer.concat([bytes, Buffer.from("more")]))).toEqual(whole);
  });

  test.each([1, 2, 3, 4, 5, 17, 60])("may be spread over records of %i bytes", (size) => {
    const spread = inRecords(messageOf(serverName("a.test"), alpn("h2", "http/1.1")), size);
    expect(readClientHello(spread)).toEqual(whole);
    expect(readClientHello(spread.subarray(0, -1))).toEqual({ state: "more" });
  });

  test("may have no extensions", () => {
    expect(read()).toEqual(complete("", []));
  });

  test("may end its server name with a dot", () => {
    expect(read(serverName("A.Test."))).toEqual(complete("a.test", []));
  });

  test("has no server name that is no host name", () => {
    for (const name of ["a\0b", "a b", "", ".", "a..b", "é", "\x1b[31m", "a".repeat(256)]) {
      expect(read(serverName(name))).toEqual(complete("", []));
    }
    expect(read(serverName("a.test", 1))).toEqual(complete("", []));
  });
});

describe("malformed", () => {
  const malformed = { state: "malformed" } as const;

  test.each([
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["HTTP, from its first byte", Buffer.from("G")],
    ["another record", Buffer.from("1503010002022a", "hex")],
    ["another message", Buffer.from("160301000402000000", "hex")],
    ["an empty record", Buffer.from("1603010000", "hex")],
    ["another protocol", Buffer.from("1607", "hex")],
    ["a message that is too long", Buffer.from("160301000401ffffff", "hex")],
  ])("is %s", (_, bytes) => {
    expect(readClientHello(bytes)).toEqual(malformed);
  });

  test("are lengths that point outside", () => {
    const [record, message] = [Buffer.from("160301", "hex"), messageOf(serverName("a.test"))];
    for (let at = 4; at < message.length; at += 1) {
      const changed = Buffer.from(message);
      changed[at] = 0xff;
      const reading = readClientHello(Buffer.concat([record, vector(u16, changed)]));
      expect(["complete", "malformed"]).toContain(reading.state);
    }
    const short = Buffer.from(messageOf());
    short[38] = 200; // The session id's length.
    expect(readClientHello(inRecords(short))).toEqual(malformed);
  });

  test("is found in any bytes without an error, and without waiting for more than the longest", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readClientHello(inRecords(bytes, 90));
        readClientHello(Buffer.from(bytes));
      }),
    );
    const endless = Buffer.concat([u8(1), u8(0), u16(LONGEST_HELLO), Buffer.alloc(LONGEST_HELLO)]);
    expect(readClientHello(inRecords(endless, 16_000))).toEqual(malformed);
  });
});
