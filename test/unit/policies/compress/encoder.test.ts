import { describe, expect, test } from "bun:test";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { type Coding, type Level, memoryOf } from "../../../../src/policies/compress/codings.ts";
import { encodeWhole } from "../../../../src/policies/compress/encode-whole.ts";
import { Encoders } from "../../../../src/policies/compress/encoders.ts";
import { decode, decodeBytes, jsonOf } from "./decoding.ts";

const LEVELS: Readonly<Record<Coding, readonly Level[]>> = {
  zstd: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  br: [1, 2, 3, 4, 5, 6],
  gzip: [1, 2, 3, 4, 5, 6, 7, 8, 9],
};
const CODINGS = ["zstd", "br", "gzip"] as const;
const EACH = CODINGS.flatMap((coding) => LEVELS[coding].map((level) => [coding, level] as const));

const DECODERS = {
  gzip: createGunzip,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** What a client can show of content whose rest has not come. */
function beginningOf(coding: Coding, bytes: Uint8Array): Promise<string> {
  const decoder = DECODERS[coding]();
  return new Promise((resolve, reject) => {
    let text = "";
    decoder.on("data", (piece: Buffer) => (text += piece.toString()));
    decoder.on("error", reject);
    decoder.write(bytes, () => {
      setImmediate(() => {
        decoder.destroy();
        resolve(text);
      });
    });
  });
}

describe.each(EACH)("%s at level %d", (coding, level) => {
  const text = jsonOf(300_000);

  test("is the same after decoding, in small pieces and in large ones", async () => {
    const encoder = new Encoders().open(coding, level)!;
    const bytes = Buffer.from(text);
    const output: Uint8Array[] = [];
    const cuts = [0, 1, 10, 1_000, 30_000, 130_000, 131_000, bytes.length];
    for (const [index, cut] of cuts.entries()) {
      output.push(await encoder.encode([bytes.subarray(cut, cuts[index + 1] ?? cut)], "more"));
    }
    output.push(await encoder.encode([], "end"));
    encoder.close();
    expect(decode(coding, Buffer.concat(output))).toBe(text);
    expect(Buffer.concat(output).length).toBeLessThan(text.length / 4);
  });

  test("is the same after decoding, as a whole", () => {
    const encoded = encodeWhole[coding](Buffer.from(jsonOf(20_000)), level);
    expect(decode(coding, encoded)).toBe(jsonOf(20_000));
  });
});

describe.each(CODINGS)("a stream of %s", (coding) => {
  test("lets the client read all that came before a flush", async () => {
    const encoder = new Encoders().open(coding, 3)!;
    const first = await encoder.encode([Buffer.from("first line\n")], "flush");
    expect(await beginningOf(coding, first)).toBe("first line\n");
    const text = jsonOf(100_000);
    const second = await encoder.encode([Buffer.from(text)], "flush");
    expect(await beginningOf(coding, Buffer.concat([first, second]))).toBe(`first line\n${text}`);
    encoder.close();
  });

  test("is compressed at once while there is little of it, and on another thread otherwise", async () => {
    const encoder = new Encoders().open(coding, 3)!;
    expect(encoder.encode([Buffer.from(jsonOf(30_000))], "more")).not.toBeInstanceOf(Promise);
    const pending = encoder.encode([Buffer.from(jsonOf(30_000))], "flush");
    expect(pending).toBeInstanceOf(Promise);
    await pending;
    expect(encoder.encode([], "end")).not.toBeInstanceOf(Promise);
    encoder.close();
  });

  test("takes content that cannot be compressed", async () => {
    const encoder = new Encoders().open(coding, 3)!;
    const random = crypto.getRandomValues(new Uint8Array(65_536));
    const output: Uint8Array[] = [];
    for (let round = 0; round < 20; round += 1) output.push(await encoder.encode([random], "more"));
    output.push(await encoder.encode([], "end"));
    encoder.close();
    const all = Buffer.concat(Array.from({ length: 20 }, () => random));
    expect(decodeBytes(coding, Buffer.concat(output)).equals(all)).toBe(true);
  });

  test("takes several pieces in one step", async () => {
    const encoder = new Encoders().open(coding, 3)!;
    const pieces = [jsonOf(10), jsonOf(60_000), jsonOf(100)];
    const buffers = pieces.map((piece) => Buffer.from(piece));
    const output = await encoder.encode(buffers, "end");
    encoder.close();
    expect(decode(coding, output)).toBe(pieces.join(""));
  });

  test("may be empty", async () => {
    const encoder = new Encoders().open(coding, 3)!;
    const output = await encoder.encode([], "end");
    encoder.close();
    expect(output.length).toBeGreaterThan(0);
    expect(decode(coding, output)).toBe("");
  });

  test("frees its memory once, also when it is closed in the middle of a step", async () => {
    const memory = memoryOf[coding](3);
    const encoders = new Encoders(memory);
    const encoder = encoders.open(coding, 3)!;
    expect(encoders.open(coding, 3)).toBeUndefined();
    const step = encoder.encode([Buffer.from(jsonOf(400_000))], "more");
    encoder.close();
    encoder.close();
    expect(encoders.open(coding, 3)).toBeUndefined();
    await step;
    const next = encoders.open(coding, 3)!;
    expect(encoders.open(coding, 3)).toBeUndefined();
    next.close();
    expect(encoders.open(coding, 3)).toBeDefined();
  });
});
