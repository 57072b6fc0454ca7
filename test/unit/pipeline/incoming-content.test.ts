import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { IncomingContent } from "../../../src/pipeline/incoming-content.ts";

function open(length?: number) {
  const told = { taken: 0, events: [] as string[] };
  const content = new IncomingContent(length, {
    pause: () => told.events.push("pause"),
    resume: () => told.events.push("resume"),
    abandon: () => told.events.push("abandon"),
    taken: (bytes) => (told.taken += bytes),
  });
  return { content, told };
}

test("its sender learns what has been taken: by reading, as a whole, or by giving up", async () => {
  const { content, told } = open();
  content.push(Buffer.alloc(10));
  expect(told.taken).toBe(0);
  void content.read();
  expect(told.taken).toBe(10);
  const reading = content.read();
  content.push(Buffer.alloc(5));
  expect(told.taken).toBe(15);
  await reading;
  content.push(Buffer.alloc(7));
  await content.cancel(undefined);
  expect(told).toEqual({ taken: 22, events: ["abandon"] });

  const whole = open(8);
  whole.content.push(Buffer.alloc(3));
  const all = whole.content.whole(8);
  whole.content.push(Buffer.alloc(5));
  whole.content.finish();
  expect((await all).length).toBe(8);
  expect(whole.told.taken).toBe(8);

  const present = open(4);
  present.content.push(Buffer.alloc(4));
  present.content.finish();
  expect(present.content.takeWhole()?.length).toBe(4);
  expect(present.told.taken).toBe(4);
});

test("whatever is pushed is taken once, in whichever order pushing and reading come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.constant("read" as const))),
      async (steps) => {
        const { content, told } = open();
        let pushed = 0;
        let read = 0;
        let isReading = false;
        for (const step of steps) {
          if (step === "read") {
            if (isReading) continue;
            isReading = true;
            void Promise.resolve(content.read()).then(({ value }) => {
              isReading = false;
              read += value?.length ?? 0;
            });
          } else {
            pushed += step;
            content.push(Buffer.alloc(step));
          }
          for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
        }
        expect(told.taken).toBe(read);
        await content.cancel(undefined);
        expect(told.taken).toBe(pushed);
      },
    ),
  );
});

test("small pieces that wait are read as few larger ones, with the same bytes", async () => {
  const { content, told } = open();
  for (let count = 0; count < 100_000; count += 1) content.push(Buffer.of(count % 251));
  content.finish();

  let reads = 0;
  let bytes = 0;
  for (
    let result = await content.read();
    result.value !== undefined;
    result = await content.read()
  ) {
    expect(result.value.every((byte, at) => byte === (bytes + at) % 251)).toBe(true);
    bytes += result.value.length;
    reads += 1;
  }
  expect(bytes).toBe(100_000);
  expect(told.taken).toBe(100_000);
  expect(reads).toBeLessThan(20);
});

test("a piece that has been read does not change with what comes later", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9_000 }), fc.constant("read" as const))),
      async (steps) => {
        const { content } = open();
        const pushed: Buffer[] = [];
        const read: Uint8Array[] = [];
        for (const step of steps) {
          if (step !== "read") {
            const piece = Buffer.alloc(step, pushed.length);
            pushed.push(piece);
            content.push(piece);
          } else if (Buffer.concat(read).length < Buffer.concat(pushed).length) {
            const { value } = await content.read();
            if (value !== undefined) read.push(value);
          }
        }
        content.finish();
        const rest = await content.whole(Buffer.concat(pushed).length);
        expect(Buffer.concat([...read, rest]).equals(Buffer.concat(pushed))).toBe(true);
      },
    ),
  );
});

test("what is put back is read once more, and its sender does not learn of it twice", async () => {
  const { content, told } = open();
  content.push(Buffer.from("abc"));
  void content.read();
  content.putBack(Buffer.from("abc"));
  content.push(Buffer.from("def"));
  expect(content.read()).toEqual({ done: false, value: Buffer.from("abc") });
  expect(told.taken).toBe(3);
  expect(content.read()).toEqual({ done: false, value: Buffer.from("def") });
  expect(told.taken).toBe(6);
  content.finish();
  content.putBack(Buffer.from("abcdef"));
  expect(content.takeWhole()).toEqual(Buffer.from("abcdef"));
  expect(content.takeWhole()).toEqual(new Uint8Array(0));

  const begun = open(6);
  begun.content.push(Buffer.from("abc"));
  void begun.content.read();
  begun.content.putBack(Buffer.from("abc"));
  begun.content.push(Buffer.from("def"));
  begun.content.finish();
  expect(begun.content.takeWhole()).toBeUndefined();
  expect(Buffer.from(await begun.content.whole(6)).toString()).toBe("abcdef");

  const left = open();
  left.content.putBack(Buffer.from("abc"));
  await left.content.cancel(undefined);
  expect(left.content.read()).toEqual({ done: true });
});
