import { describe, expect, test } from "bun:test";
import { type Flow, IncomingContent } from "../../../../src/pipeline/incoming-content.ts";
import { CompressedContent } from "../../../../src/policies/compress/compressed-content.ts";
import { memoryOf } from "../../../../src/policies/compress/codings.ts";
import { Encoders } from "../../../../src/policies/compress/encoders.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { fieldsOf } from "../../../support/fields.ts";
import { rejection } from "../../proxy/network.ts";
import { decode, jsonOf, readAll } from "./decoding.ts";

const FIRST = Buffer.from("the first line, which came before a pause\n");

function compressed() {
  const told: string[] = [];
  const flow: Flow = {
    pause: () => void told.push("pause"),
    resume: () => void told.push("resume"),
    abandon: (reason) => void told.push(`abandon ${String(reason)}`),
  };
  const source = new IncomingContent(undefined, flow);
  const clock = new FakeClock();
  const encoders = new Encoders(memoryOf.gzip(5));
  const content = new CompressedContent(source, encoders.open("gzip", 5)!, clock);
  /** Whether the encoder's memory has been given back. */
  const isFreed = () => encoders.open("gzip", 5) !== undefined;
  return { told, source, clock, content, isFreed };
}

/** Lets everything happen that needs no further event. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** A promise, and whether it has settled. */
function watch<T>(promise: Promise<T>): { readonly promise: Promise<T>; isSettled: boolean } {
  const watched = { promise, isSettled: false };
  const settled = () => {
    watched.isSettled = true;
  };
  promise.then(settled, settled);
  return watched;
}

describe("content that is compressed as it passes", () => {
  test("is the same after decoding", async () => {
    const { source, content, isFreed } = compressed();
    const text = jsonOf(1_000_000);
    for (let at = 0; at < text.length; at += 100_000) {
      source.push(Buffer.from(text.slice(at, at + 100_000)));
    }
    source.finish();
    expect(decode("gzip", await readAll(content))).toBe(text);
    expect(await content.read()).toEqual({ done: true });
    expect(isFreed()).toBe(true);
  });

  test("has an unknown length", () => {
    expect(compressed().content).not.toHaveProperty("length");
  });

  test("is handed out 10 ms after it has come, if nothing follows", async () => {
    const { source, clock, content } = compressed();
    source.push(FIRST);
    const reading = watch(content.read());
    await settle();
    clock.advance(9);
    await settle();
    expect(reading.isSettled).toBe(false);
    clock.advance(1);
    const { value } = await reading.promise;
    source.finish();
    expect(decode("gzip", Buffer.concat([value!, await readAll(content)]))).toBe(String(FIRST));
  });

  test("is handed out 10 ms after the first of it has come, though more comes again and again", async () => {
    const { source, clock, content } = compressed();
    const reading = watch(content.read());
    for (let ms = 0; ms < 10; ms += 2) {
      source.push(FIRST);
      await settle();
      expect(reading.isSettled).toBe(false);
      clock.advance(2);
    }
    expect((await reading.promise).value!.length).toBeGreaterThan(0);
    await content.cancel("enough");
  });

  test("needs no timer while there is nothing to hand out, nor when it is over", async () => {
    const { source, clock, content } = compressed();
    const reading = watch(content.read());
    await settle();
    expect(clock.pending).toBe(0);
    source.push(FIRST);
    await settle();
    expect(clock.pending).toBe(1);
    source.finish();
    await reading.promise;
    expect(clock.pending).toBe(0);
  });

  test("is read only on demand", async () => {
    const { told, source, clock, content } = compressed();
    source.push(Buffer.from(jsonOf(200_000)));
    await content.read();
    for (let round = 0; round < 4; round += 1) source.push(Buffer.from(jsonOf(100_000)));
    await settle();
    clock.advance(1_000);
    await settle();
    expect(told).toEqual(["pause"]);
    source.finish();
    const rest = await readAll(content);
    expect(rest.length).toBeGreaterThan(0);
  });

  test("breaks off where its source does, without an end of the coding", async () => {
    const { source, clock, content, isFreed } = compressed();
    source.push(FIRST);
    const reading = content.read();
    await settle();
    clock.advance(10);
    const { value } = await reading;
    source.fail(new Error("the backend left"));
    expect(await rejection(content.read())).toEqual(new Error("the backend left"));
    expect(() => decode("gzip", value!)).toThrow();
    expect(await content.read()).toEqual({ done: true });
    expect(isFreed()).toBe(true);
  });

  test("breaks off where its source does while a piece waits for more", async () => {
    const { source, clock, content, isFreed } = compressed();
    source.push(FIRST);
    const reading = content.read();
    await settle();
    source.fail(new Error("the backend left"));
    expect(await rejection(reading)).toEqual(new Error("the backend left"));
    expect(clock.pending).toBe(0);
    expect(isFreed()).toBe(true);
  });

  test("frees its memory at once when the client leaves, and has the backend informed", async () => {
    const { told, content, isFreed } = compressed();
    const reading = watch(content.read());
    await settle();
    await content.cancel("the client left");
    expect(isFreed()).toBe(true);
    expect(await reading.promise).toEqual({ done: true });
    await content.cancel("again");
    expect(told).toEqual(["abandon the client left"]);
  });

  test("leaves no timer behind when the client leaves while a piece waits for more", async () => {
    const { source, clock, content } = compressed();
    source.push(FIRST);
    const reading = content.read();
    await settle();
    await content.cancel("the client left");
    expect(await reading).toEqual({ done: true });
    expect(clock.pending).toBe(0);
  });

  test("ends with a step that is under way when the client leaves", async () => {
    const { source, content, isFreed } = compressed();
    source.push(Buffer.from(jsonOf(500_000)));
    const reading = content.read();
    await content.cancel("the client left");
    expect(await reading).toEqual({ done: true });
    expect(isFreed()).toBe(true);
  });

  test("passes trailers on, but not digests of what it was before", async () => {
    const { source, content } = compressed();
    source.push(FIRST);
    source.finish(fieldsOf("x-sum", "1", "repr-digest", "sha-256=:AAAA:", "content-digest", "x"));
    await readAll(content);
    expect(content.trailers).toEqual(fieldsOf("x-sum", "1"));
  });

  test("has no trailers if there were only digests", async () => {
    const { source, content } = compressed();
    source.finish(fieldsOf("digest", "sha-256=AAAA"));
    await readAll(content);
    expect(content.trailers).toBeUndefined();
  });
});
