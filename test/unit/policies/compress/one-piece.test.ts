import { expect, test } from "bun:test";
import { OnePiece } from "../../../../src/policies/compress/one-piece.ts";

test("content that is there is read in one piece, of which the length is known", () => {
  const content = new OnePiece(Buffer.from("content"));
  expect(content.length).toBe(7);
  expect(content.read()).toEqual({ done: false, value: Buffer.from("content") });
  expect(content.read()).toEqual({ done: true });
});

test("content that is there and not wanted is not read any more", async () => {
  const content = new OnePiece(Buffer.from("content"));
  await content.cancel();
  expect(content.read()).toEqual({ done: true });
});
