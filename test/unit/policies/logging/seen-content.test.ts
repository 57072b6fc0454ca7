import { describe, expect, test } from "bun:test";
import { type ContentReader, END, type ReadResult } from "../../../../src/pipeline/content.ts";
import { SeenContent } from "../../../../src/policies/logging/seen-content.ts";

function contentOf(pieces: readonly string[], isSlow: boolean) {
  const results: ReadResult[] = pieces.map((text) => ({ done: false, value: Buffer.from(text) }));
  let reason: unknown;
  const source: ContentReader = {
    length: 5,
    trailers: [],
    explainsFailure: true,
    read: () => (isSlow ? Promise.resolve(results.shift() ?? END) : (results.shift() ?? END)),
    cancel(given) {
      reason = given;
      return Promise.resolve();
    },
  };
  const seen: string[] = [];
  let ends = 0;
  const viewer = {
    see: (piece: Uint8Array) => void seen.push(Buffer.from(piece).toString()),
    end: () => (ends += 1),
  };
  const content = new SeenContent(source, viewer);
  return { content, seen, ends: () => ends, reason: () => reason };
}

describe.each([true, false])("content whose pieces come later: %s", (isSlow) => {
  test("is looked at when the next piece is asked for, and passes unchanged", async () => {
    const { content, seen, ends } = contentOf(["ab", "cde"], isSlow);
    const first = await content.read();
    expect(Buffer.from(first.value ?? []).toString()).toBe("ab");
    expect(seen).toEqual([]);
    await content.read();
    expect(seen).toEqual(["ab"]);
    expect(await content.read()).toBe(END);
    expect(seen).toEqual(["ab", "cde"]);
    expect(ends()).toBe(1);
  });

  test("that breaks off has been seen as far as it was passed on", async () => {
    const { content, seen, ends, reason } = contentOf(["ab", "cde"], isSlow);
    await content.read();
    content.look();
    content.look();
    await content.cancel("left");
    expect([seen, ends(), reason()]).toEqual([["ab"], 0, "left"]);
  });
});

test("what is known of content stays known", () => {
  const { content } = contentOf([], false);
  expect([content.length, content.trailers, content.explainsFailure]).toEqual([5, [], true]);
});
