import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  type ProxyHeader,
  ProxyHeaderReader,
  readProxyHeader,
} from "../../../src/wire/proxy-protocol.ts";

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

function block(command: number, family: number, content: Uint8Array, length = content.length) {
  const fixed = Buffer.from([0x20 | command, family, length >> 8, length & 0xff]);
  return Buffer.concat([SIGNATURE, fixed, content]);
}

const V4_ADDRESSES = Buffer.from("c0000207c633640104d201bb", "hex");
const V6_ADDRESSES = Buffer.from(
  "20010db8000000000000000000000001fe800000000000000000000000000002000a0050",
  "hex",
);

function line(text: string) {
  return readProxyHeader(Buffer.from(text, "latin1"));
}

function problemOf(header: ProxyHeader): string | undefined {
  return header.state === "malformed" ? header.problem : undefined;
}

describe("a line of version 1", () => {
  test("names the client and where it connected to", () => {
    expect(line("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET /")).toEqual({
      state: "complete",
      length: 45,
      client: {
        source: "192.0.2.7",
        sourcePort: 56_324,
        destination: "198.51.100.1",
        destinationPort: 443,
      },
    });
  });

  test.each([
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
  ])("names the client %s as the system does, %s", (written, source) => {
    expect(line(`PROXY TCP6 ${written} ::1 0 65535\r\n`)).toMatchObject({
      client: { source, sourcePort: 0, destination: "::1", destinationPort: 65_535 },
    });
  });

  test.each([
    "PROXY UNKNOWN\r\n",
    "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n",
    `PROXY UNKNOWN ${"x".repeat(91)}\r\n`,
  ])("may name nobody: %j", (text) => {
    expect(line(text)).toEqual({ state: "complete", length: text.length, client: undefined });
  });

  test.each([
    ["GET / HTTP/1.1\r\n", "the connection does not begin with a PROXY header"],
    ["proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "the connection does not begin with a PROXY header"],
    [" PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "the connection does not begin with a PROXY header"],
    ["PROXY\r\n", "the connection does not begin with a PROXY header"],
    ["PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", "the PROXY line does not end with CR LF"],
    ["PROXY TCP4 1.2.3.4\r 1.2.3.4 1 1\r\n", "the PROXY line does not end with CR LF"],
    ["PROXY UNKNOWN \r \r\n", "the PROXY line does not end with CR LF"],
    ["PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", "the PROXY line names no known protocol"],
    ["PROXY unknown\r\n", "the PROXY line names no known protocol"],
    ["PROXY UNKNOWNS\r\n", "the PROXY line names no known protocol"],
    ["PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "the PROXY line names no known protocol"],
    ["PROXY TCP4 ::1 ::1 1 1\r\n", "the PROXY line does not have two TCP4 addresses"],
    ["PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", "the PROXY line does not have two TCP6 addresses"],
    ["PROXY TCP6 fe80::1%lo ::1 1 1\r\n", "the PROXY line does not have two TCP6 addresses"],
    ["PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n", "the PROXY line does not have two TCP4 addresses"],
    ["PROXY TCP4 1.2.3.4  1.2.3.4 1 1\r\n", "the PROXY line does not have two TCP4 addresses"],
    ["PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "the PROXY line does not have two TCP4 addresses"],
    ["PROXY TCP4 1.2.3.4\r\n", "the PROXY line does not have two TCP4 addresses"],
    ["PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "the PROXY line does not have two ports"],
    ["PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "the PROXY line does not have two ports"],
    ["PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", "the PROXY line does not have two ports"],
    ["PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n", "the PROXY line does not have two ports"],
    [`PROXY UNKNOWN ${"x".repeat(92)}\r\n`, "the PROXY line is longer than 107 bytes"],
    [`PROXY UNKNOWN ${"x".repeat(93)}`, "the PROXY line is longer than 107 bytes"],
  ])("%j is refused", (text, problem) => {
    expect(problemOf(line(text))).toBe(problem);
  });
});

describe("a block of version 2", () => {
  test.each([0x11, 0x12])("of IPv4 names the client: family %#x", (family) => {
    expect(readProxyHeader(block(1, family, V4_ADDRESSES))).toEqual({
      state: "complete",
      length: 28,
      client: {
        source: "192.0.2.7",
        sourcePort: 1_234,
        destination: "198.51.100.1",
        destinationPort: 443,
      },
    });
  });

  test("of IPv6 names the client as the system does", () => {
    expect(readProxyHeader(block(1, 0x21, V6_ADDRESSES))).toEqual({
      state: "complete",
      length: 52,
      client: {
        source: "2001:db8::1",
        sourcePort: 10,
        destination: "fe80::2",
        destinationPort: 80,
      },
    });
  });

  test("may have additional values, which are skipped", () => {
    const values = Buffer.from("030004deadbeef04000100", "hex");
    const whole = block(1, 0x11, Buffer.concat([V4_ADDRESSES, values]));
    const header = readProxyHeader(Buffer.concat([whole, Buffer.from("GET")]));
    expect(header).toMatchObject({ length: whole.length, client: { source: "192.0.2.7" } });
  });

  test.each([
    ["LOCAL", block(0, 0x00, Buffer.alloc(0))],
    ["LOCAL with addresses", block(0, 0x11, V4_ADDRESSES)],
    ["LOCAL of an unknown family", block(0, 0xff, Buffer.alloc(3))],
    ["UNSPEC", block(1, 0x00, Buffer.alloc(7))],
    ["IPv4 of an unspecified protocol", block(1, 0x10, V4_ADDRESSES)],
    ["UNIX", block(1, 0x31, Buffer.alloc(216))],
  ])("may name nobody: %s", (_what, bytes) => {
    const { length } = bytes;
    expect(readProxyHeader(bytes)).toEqual({ state: "complete", length, client: undefined });
  });

  test.each([
    ["another version", Buffer.concat([SIGNATURE, Buffer.from([0x11])]), "version or command"],
    ["another command", block(2, 0x11, V4_ADDRESSES), "version or command"],
    ["another family", block(1, 0x41, V4_ADDRESSES), "address family or protocol"],
    ["another protocol", block(1, 0x13, V4_ADDRESSES), "address family or protocol"],
    ["short IPv4 addresses", block(1, 0x11, V4_ADDRESSES, 11), "too short for its addresses"],
    ["short IPv6 addresses", block(1, 0x21, V4_ADDRESSES), "too short for its addresses"],
    ["short UNIX addresses", block(1, 0x31, Buffer.alloc(215)), "too short for its addresses"],
    ["too many values", block(1, 0x11, V4_ADDRESSES, 16_369), "longer than 16384 bytes"],
    [
      "a wrong signature",
      Buffer.from("\r\n\r\n\0\r\nQUIT\r\n"),
      "does not begin with a PROXY header",
    ],
    ["an empty line", Buffer.from("\r\nGET / HTTP/1.1"), "does not begin with a PROXY header"],
  ])("with %s is refused", (_what, bytes, problem) => {
    expect(problemOf(readProxyHeader(bytes))).toContain(problem);
  });
});

const IPV6 = fc
  .array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(":"));
const V1 = fc
  .tuple(fc.boolean(), fc.ipV4(), IPV6, fc.nat(65_535), fc.nat(65_535))
  .map(([isV4, v4, v6, from, to]) =>
    Buffer.from(
      isV4
        ? `PROXY TCP4 ${v4} ${v4} ${from} ${to}\r\n`
        : `PROXY TCP6 ${v6} ${v6} ${from} ${to}\r\n`,
    ),
  );
const V2 = fc
  .tuple(fc.boolean(), fc.boolean(), fc.uint8Array({ minLength: 36, maxLength: 600 }))
  .map(([isProxied, isV4, content]) => block(isProxied ? 1 : 0, isV4 ? 0x11 : 0x21, content));
const HEADER = fc.oneof(V1, V2);

describe("a header", () => {
  test("is the same however it is cut into pieces, and what follows is left", () => {
    fc.assert(
      fc.property(
        HEADER,
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }),
        (header, following, cuts) => {
          const whole = Buffer.concat([header, following]);
          const expected: ProxyHeader = readProxyHeader(whole);
          const reader = new ProxyHeaderReader();
          let at = 0;
          for (const cut of [...cuts, whole.length]) {
            const { header: found, rest } = reader.take(whole.subarray(at, at + cut));
            at = Math.min(at + cut, whole.length);
            if (found.state === "more") {
              expect(at).toBeLessThan(header.length);
              continue;
            }
            expect(found).toMatchObject({ state: "complete", length: header.length });
            expect<ProxyHeader>(found).toEqual(expected);
            expect(Buffer.concat([rest, whole.subarray(at)])).toEqual(Buffer.from(following));
            return;
          }
          throw new Error("the header was never complete");
        },
      ),
    );
  });

  test("is either refused or waits for more while a part is missing", () => {
    fc.assert(
      fc.property(HEADER, fc.nat(), (header, cut) => {
        const { state } = readProxyHeader(header.subarray(0, cut % header.length));
        expect(state).toBe("more");
      }),
    );
  });

  test("never takes more than its bounds, whatever the bytes are", () => {
    const start = fc.constantFrom(Buffer.from("PROXY "), SIGNATURE, Buffer.alloc(0));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (known, random) => {
        const bytes = Buffer.concat([known, random]);
        const header = readProxyHeader(bytes);
        if (header.state === "complete") expect(header.length).toBeLessThanOrEqual(bytes.length);
        const padded = readProxyHeader(Buffer.concat([bytes, Buffer.alloc(16_384)]));
        expect(padded.state).not.toBe("more");
      }),
    );
  });
});
