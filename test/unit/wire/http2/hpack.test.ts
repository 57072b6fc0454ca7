import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Field, fieldOf } from "../../../../src/http/field.ts";
import { ByteWriter } from "../../../../src/wire/http2/byte-writer.ts";
import { HeaderField } from "../../../../src/wire/http2/header-field.ts";
import { HpackDecoder } from "../../../../src/wire/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../../../src/wire/http2/hpack/encoder.ts";
import {
  decodeHuffman,
  encodeHuffman,
  huffmanLength,
} from "../../../../src/wire/http2/hpack/huffman.ts";

const LIMITS = { maxSize: 65_536, maxFields: 256 };

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ""), "hex");
}

function decoded(decoder: HpackDecoder, block: string | Buffer): string[] | undefined {
  const bytes = typeof block === "string" ? hex(block) : block;
  return decoder.decode(bytes)?.map(({ name, value }) => `${name}: ${value}`);
}

/** A new decoder that has read these blocks, each as its fields. */
function decodedAll(blocks: readonly string[], tableSize?: number): unknown[] {
  const decoder = new HpackDecoder(LIMITS, tableSize);
  return blocks.map((block) => decoded(decoder, block));
}

function encoded(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  const out = new ByteWriter(Buffer.alloc(16));
  encoder.begin(out);
  for (const field of fields) encoder.field(out, field);
  return Buffer.from(out.bytes.subarray(0, out.length));
}

const REQUESTS = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
    "cache-control: no-cache",
  ],
  [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ],
];
const DATE = "Mon, 21 Oct 2013 20:13:21 GMT";
const LATER = "Mon, 21 Oct 2013 20:13:22 GMT";
const LOCATION = "location: https://www.example.com";
const COOKIE = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const ANSWERS = [
  [":status: 302", "cache-control: private", `date: ${DATE}`, LOCATION],
  [":status: 307", "cache-control: private", `date: ${DATE}`, LOCATION],
  [
    ":status: 200",
    "cache-control: private",
    `date: ${LATER}`,
    LOCATION,
    "content-encoding: gzip",
    COOKIE,
  ],
];

describe("the examples of RFC 7541, appendix C", () => {
  test("C.2: single fields", () => {
    expect(
      decodedAll([
        "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
        "040c 2f73 616d 706c 652f 7061 7468",
        "1008 7061 7373 776f 7264 0673 6563 7265 74",
        "82",
      ]),
    ).toEqual([
      ["custom-key: custom-header"],
      [":path: /sample/path"],
      ["password: secret"],
      [":method: GET"],
    ]);
  });

  test("C.3: requests without Huffman coding", () => {
    expect(
      decodedAll([
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ]),
    ).toEqual(REQUESTS);
  });

  test("C.4: requests with Huffman coding", () => {
    expect(
      decodedAll([
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ]),
    ).toEqual(REQUESTS);
  });

  test("C.5: answers without Huffman coding, with evictions from a table of 256 bytes", () => {
    expect(
      decodedAll(
        [
          `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
           2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
           6c65 2e63 6f6d`,
          "4803 3330 37c1 c0bf",
          `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
           54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
           5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
           3d31`,
        ],
        256,
      ),
    ).toEqual(ANSWERS);
  });

  test("C.6: answers with Huffman coding, with evictions from a table of 256 bytes", () => {
    expect(
      decodedAll(
        [
          `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
           2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
          "4883 640e ffc1 c0bf",
          `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
           77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
           9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        ],
        256,
      ),
    ).toEqual(ANSWERS);
  });
});

describe("the decoder", () => {
  test.each([
    ["an index of 0", "80"],
    ["an index after the table's end", "be"],
    ["a name's index after the table's end", "7f00 0161"],
    ["a block that ends in an index", "ff"],
    ["a block that ends before a value", "4001 61"],
    ["a string longer than the block", "4001 6105 61"],
    ["an integer without an end", "ff80 8080 8080 8080 8080 01"],
    ["an integer that is too large", "ffff ffff ff0f"],
    ["a table size above the allowed one", "3fe2 1f"],
    ["a table size update after a field", "8220"],
    ["Huffman padding of more than seven bits", "4001 6182 1fff"],
    ["Huffman padding with zeros", "4001 6181 00"],
    ["a Huffman code with EOS", "4001 6184 ffff ffff"],
  ])("refuses %s", (_, block) => {
    expect(() => decodedAll([block])).toThrow(
      expect.objectContaining({ name: "Http2Error", code: 0x9 }),
    );
  });

  test("empties its table for a size of 0, and takes the size up again", () => {
    const field = "4001 6101 62";
    expect(decodedAll([field, "be", `203f e11f ${field} be`])).toEqual([
      ["a: b"],
      ["a: b"],
      ["a: b", "a: b"],
    ]);
    expect(() => decodedAll([field, "20 be"])).toThrow("an index outside of the table");
  });

  test("does not keep a field larger than the table, which empties it", () => {
    const large = `4001 61 7fe2 1f ${"62".repeat(4193)}`;
    expect(() => decodedAll(["4001 6101 62", large, "be"])).toThrow("outside of the table");
  });

  test("skips a section above the limits, and keeps its table right", () => {
    const decoder = new HpackDecoder({ maxSize: 100, maxFields: 2 });
    expect(decoded(decoder, `4001 6105 ${"61".repeat(5)} ${"be".repeat(2)}`)).toBeUndefined();
    expect(decoded(decoder, "be be be")).toBeUndefined();
    expect(decoded(decoder, "be be")).toEqual(["a: aaaaa", "a: aaaaa"]);
  });

  test("counts a field of the table each time, so that few bytes cannot become many", () => {
    const decoder = new HpackDecoder(LIMITS);
    const bomb = Buffer.concat([
      hex(`4001 61 7f81 1d ${"61".repeat(3840)}`),
      Buffer.alloc(10_000, 0xbe),
    ]);
    expect(decoded(decoder, bomb)).toBeUndefined();
  });

  test("gives a field of the table as the same object", () => {
    const decoder = new HpackDecoder(LIMITS);
    const [first] = decoder.decode(hex("4001 6101 62")) ?? [];
    expect(decoder.decode(hex("be"))?.[0]).toBe(first);
  });

  test("marks fields that must never be indexed", () => {
    const [field] = new HpackDecoder(LIMITS).decode(hex("1001 6101 62")) ?? [];
    expect(field?.isNeverIndexed).toBe(true);
  });

  test("survives any bytes, with fields or an error of its own", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder(LIMITS);
        try {
          for (const block of blocks) decoder.decode(Buffer.from(block));
        } catch (error) {
          expect((error as Error).name).toBe("Http2Error");
        }
      }),
    );
  });
});

describe("Huffman coding", () => {
  test("gives back any text of bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString("latin1");
        const target = Buffer.alloc(huffmanLength(text));
        expect(encodeHuffman(text, target, 0)).toBe(target.length);
        expect(decodeHuffman(target, 0, target.length)).toBe(text);
      }),
    );
  });

  test("writes what RFC 7541 writes", () => {
    const target = Buffer.alloc(12);
    encodeHuffman("www.example.com", target, 0);
    expect(target.toString("hex")).toBe("f1e3c2e5f23a6ba0ab90f4ff");
  });
});

const anyName = fc.constantFrom("a", "x-b", "date", "content-length", ":status", "cookie", "etag");
const anyValue = fc.oneof(fc.constantFrom("1", "2", "200"), fc.string({ maxLength: 60 }));

describe("the encoder", () => {
  test("is understood by the decoder, whatever table sizes the peer allows meanwhile", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            sizes: fc.array(fc.integer({ min: 0, max: 8192 }), { maxLength: 2 }),
            fields: fc.array(fc.tuple(anyName, anyValue), { maxLength: 8 }),
          }),
          { maxLength: 12 },
        ),
        (sections) => {
          const encoder = new HpackEncoder();
          const decoder = new HpackDecoder(LIMITS);
          const shared = new Map<string, Field>();
          for (const { sizes, fields } of sections) {
            for (const size of sizes) encoder.allow(size);
            const texts = fields.map(([name, value]) => {
              const bytes = Buffer.from(value, "latin1").toString("latin1");
              return [name, bytes] as const;
            });
            const list = texts.map(([name, value]) => {
              const key = `${name}: ${value}`;
              const field = shared.get(key) ?? new HeaderField(name, value);
              shared.set(key, field);
              return field;
            });
            const block = encoded(encoder, list);
            expect(decoded(decoder, block)).toEqual(
              texts.map(([name, value]) => `${name}: ${value}`),
            );
          }
        },
      ),
    );
  });

  test("sends a field that repeats as one byte from the third time on", () => {
    const encoder = new HpackEncoder();
    const sizes = [1, 2, 3, 4].map(() => encoded(encoder, [fieldOf("x-kind", "apple")]).length);
    expect(sizes[0]).toBeGreaterThan(10);
    expect(sizes.slice(2)).toEqual([1, 1]);
    const field = fieldOf("x-other", "pear");
    const shared = [1, 2, 3].map(() => encoded(encoder, [field]).length);
    expect(shared[2]).toBe(1);
  });

  test("sends an authority that repeats as one byte from the third time on", () => {
    const encoder = new HpackEncoder();
    const authority = () => encoded(encoder, [new HeaderField(":authority", "a.test")]).length;
    expect([authority(), authority(), authority()][2]).toBe(1);
  });

  test("does not let a value that changes each time enter the table", () => {
    const encoder = new HpackEncoder();
    for (let id = 0; id < 10; id += 1) {
      const block = encoded(encoder, [fieldOf("x-id", `id-${id}`)]);
      // Literal without indexing.
      expect(block[0]! >>> 4).toBe(0);
    }
  });

  test.each(["authorization", "cookie", "set-cookie", "x-api-key", "x-access-token"])(
    "never indexes %s",
    (name) => {
      const encoder = new HpackEncoder();
      for (let time = 0; time < 3; time += 1) {
        expect(encoded(encoder, [fieldOf(name, "x")])[0]! >>> 4).toBe(1);
      }
    },
  );

  test("never indexes what came as never indexed, nor targets with a query", () => {
    const encoder = new HpackEncoder();
    const secret = new HeaderField("x-plain", "x", true);
    const target = new HeaderField(":path", "/a?b=c");
    for (let time = 0; time < 3; time += 1) {
      expect(encoded(encoder, [secret])[0]! >>> 4).toBe(1);
      expect(encoded(encoder, [target])[0]! >>> 4).toBe(0);
    }
  });

  test("leaves connection-specific fields out", () => {
    const fields = [fieldOf("Connection", "close"), fieldOf("Transfer-Encoding", "chunked")];
    expect(encoded(new HpackEncoder(), fields).length).toBe(0);
  });

  test("remembers a bounded number of names", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(LIMITS);
    for (let index = 0; index < 1000; index += 1) {
      const fields = [fieldOf(`x-${index}`, "1"), fieldOf("x-same", "2")];
      expect(decoded(decoder, encoded(encoder, fields))).toEqual([`x-${index}: 1`, "x-same: 2"]);
    }
  });
});
