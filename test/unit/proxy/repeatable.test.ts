import { describe, expect, test } from "bun:test";
import { fieldOf } from "../../../src/http/field.ts";
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
  const state = { isAnswered: false };
  const content = new Repeatable(source, keepsAtMost, () => state.isAnswered);
  const push = (text: string) => source.push(Buffer.from(text));
  const next = async () => {
    const { done, value } = await content.read();
    return done ? "end" : Buffer.from(value ?? "").toString();
  };
  return { source, content, state, push, next, abandoned };
}

describe("content that can be repeated", () => {
  test("is read again from its first byte to its end, with its trailers", async () => {
    const { source, content, push, next } = start();
    push("a");
    push("b");
    expect(await next()).toBe("a");
    expect(content.rewind()).toBe(true);
    expect([await next(), await next()]).toEqual(["a", "b"]);
    const trailers = [fieldOf("x-a", "1")];
    source.finish(trailers);
    expect(await next()).toBe("end");
    expect(content.rewind()).toBe(true);
    expect([await next(), await next(), await next()]).toEqual(["a", "b", "end"]);
    expect(content.trailers).toBe(trailers);
  });

  test("gives what an earlier reader waited for to the one after it", async () => {
    const { content, push, next } = start();
    const earlier = next();
    content.rewind();
    const later = next();
    push("a");
    expect(await earlier).toBe("end");
    expect(await later).toBe("a");
    push("b");
    expect(await next()).toBe("b");
    content.rewind();
    expect([await next(), await next()]).toEqual(["a", "b"]);
  });

  test("waits for the rest after what is kept", async () => {
    const { content, push, next } = start();
    push("a");
    await next();
    const earlier = next();
    content.rewind();
    expect(await next()).toBe("a");
    const later = next();
    push("b");
    expect([await earlier, await later]).toEqual(["end", "b"]);
  });

  test("is kept up to a size, or until there is an answer", async () => {
    const long = start(3);
    long.push("abc");
    await long.next();
    expect(long.content.rewind()).toBe(true);
    await long.next();
    long.push("d");
    expect(await long.next()).toBe("d");
    expect(long.content.rewind()).toBe(false);
    const answered = start();
    answered.state.isAnswered = true;
    answered.push("a");
    expect(await answered.next()).toBe("a");
    expect(answered.content.rewind()).toBe(false);
    answered.push("b");
    expect(await answered.next()).toBe("b");
  });

  test("fails with its source, and is given up with it", async () => {
    const { source, content, next } = start();
    const reading = rejection(next());
    const error = new Error("gone");
    source.fail(error);
    expect(await reading).toBe(error);
    const other = start();
    await other.content.cancel("enough");
    expect(other.abandoned).toEqual(["enough"]);
    expect(content.length).toBeUndefined();
  });
});
