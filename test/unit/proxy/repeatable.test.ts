import { describe, expect, test } from "bun:test";
import { fieldOf } from "../../../src/http/field.ts";
import type { ContentReader } from "../../../src/pipeline/content.ts";
import { IncomingContent } from "../../../src/pipeline/incoming-content.ts";
import { Repeatable } from "../../../src/proxy/repeatable.ts";
import { rejection } from "./network.ts";

function start(keepsAtMost = 10) {
  const abandoned: unknown[] = [];
  const source = new IncomingContent(undefined, {
    pause() {},
    resume() {},
    abandon: (reason) => abandoned.push(reason),
  });
  const repeatable = new Repeatable(source, keepsAtMost);
  const content = repeatable.reader();
  const push = (text: string) => source.push(Buffer.from(text));
  const next = () => textOf(content);
  return { source, repeatable, content, push, next, abandoned };
}

async function textOf(content: ContentReader): Promise<string> {
  const { done, value } = await content.read();
  return done ? "end" : Buffer.from(value ?? "").toString();
}

describe("content that can be repeated", () => {
  test("is read again from its first byte to its end, with its trailers", async () => {
    const { source, content, push, next } = start();
    push("a");
    push("b");
    expect(await next()).toBe("a");
    expect(content.rewind?.()).toBe(true);
    expect([await next(), await next()]).toEqual(["a", "b"]);
    const trailers = [fieldOf("x-a", "1")];
    source.finish(trailers);
    expect(await next()).toBe("end");
    expect(content.rewind?.()).toBe(true);
    expect([await next(), await next(), await next()]).toEqual(["a", "b", "end"]);
    expect(content.trailers).toBe(trailers);
  });

  test("gives what an earlier reader waited for to the one after it", async () => {
    const { content, push, next } = start();
    const earlier = next();
    content.rewind?.();
    const later = next();
    push("a");
    expect(await earlier).toBe("end");
    expect(await later).toBe("a");
    push("b");
    expect(await next()).toBe("b");
    content.rewind?.();
    expect([await next(), await next()]).toEqual(["a", "b"]);
  });

  test("waits for the rest after what is kept", async () => {
    const { content, push, next } = start();
    push("a");
    await next();
    const earlier = next();
    content.rewind?.();
    expect(await next()).toBe("a");
    const later = next();
    push("b");
    expect([await earlier, await later]).toEqual(["end", "b"]);
  });

  test("is kept up to a size, or until there is an answer", async () => {
    const long = start(3);
    long.push("abc");
    await long.next();
    expect(long.content.rewind?.()).toBe(true);
    await long.next();
    long.push("d");
    expect(await long.next()).toBe("d");
    expect(long.content.rewind?.()).toBe(false);
    const answered = start();
    answered.repeatable.answered();
    answered.push("a");
    expect(await answered.next()).toBe("a");
    expect(answered.content.rewind?.()).toBe(false);
    answered.push("b");
    expect(await answered.next()).toBe("b");
  });

  test("that turns out too large while it is read again loses nothing", async () => {
    for (const again of ["by the same reader", "by another one"]) {
      const { source, repeatable, content, push, next } = start(3);
      for (const text of ["a", "b", "c"]) {
        push(text);
        await next();
      }
      const earlier = next().catch(() => "nothing");
      if (again === "by the same reader") content.rewind?.();
      const reader = again === "by the same reader" ? content : repeatable.reader();
      expect(await textOf(reader)).toBe("a");
      push("d");
      await earlier;
      push("e");
      source.finish();
      const rest: string[] = [];
      while (rest.at(-1) !== "end") rest.push(await textOf(reader));
      expect(rest).toEqual(["b", "c", "d", "e", "end"]);
      expect(repeatable.isKeptWithin(Infinity)).toBe(false);
    }
  });

  test("is read to its end by an attempt that is answered while it is read again", async () => {
    const { source, repeatable, push, next } = start();
    for (const text of ["a", "b", "c"]) {
      push(text);
      await next();
    }
    const reader = repeatable.reader();
    expect(await textOf(reader)).toBe("a");
    repeatable.answered();
    source.finish();
    expect([await textOf(reader), await textOf(reader), await textOf(reader)]).toEqual([
      "b",
      "c",
      "end",
    ]);
  });

  test("fails with its source, and is given up with it", async () => {
    const { source, content, next } = start();
    const reading = rejection(next());
    const error = new Error("gone");
    source.fail(error);
    expect(await reading).toBe(error);
    const other = start();
    await other.repeatable.cancel("enough");
    expect(other.abandoned).toEqual(["enough"]);
    expect(content.length).toBeUndefined();
  });

  test("goes to the next attempt from its first byte on, and no more of it to the one before", async () => {
    const { repeatable, content, push, next, abandoned } = start();
    push("a");
    await next();
    const pending = rejection(next());
    const other = repeatable.reader();
    expect(await textOf(other)).toBe("a");
    const waiting = textOf(other);
    push("b");
    expect(await waiting).toBe("b");
    // The end would look like all of the content.
    expect(await pending).toMatchObject({ message: "the content is sent to another backend" });
    expect(await rejection(next())).toMatchObject({ message: expect.any(String) });
    expect(content.rewind?.()).toBe(false);
    await content.cancel("late");
    expect(abandoned).toEqual([]);
  });

  test("stays for another attempt when one does not want the rest, unless its answer is passed on", async () => {
    const { repeatable, content, push, next, abandoned } = start();
    push("a");
    await next();
    await content.cancel("enough");
    expect(abandoned).toEqual([]);
    expect(await textOf(repeatable.reader())).toBe("a");
    const left = start();
    await left.content.cancel("enough");
    left.repeatable.answered();
    expect(left.abandoned).toHaveLength(1);
    const later = start();
    later.repeatable.answered();
    await later.content.cancel("enough");
    expect(later.abandoned).toEqual(["enough"]);
  });

  test("knows whether all that was read is kept within a size", async () => {
    const { repeatable, push, next } = start(4);
    push("abc");
    await next();
    expect([2, 3].map((bytes) => repeatable.isKeptWithin(bytes))).toEqual([false, true]);
    push("de");
    await next();
    expect(repeatable.isKeptWithin(100)).toBe(false);
  });
});
