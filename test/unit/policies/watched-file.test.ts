import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileProblem } from "../../../src/documents/text-file.ts";
import { WatchedFile } from "../../../src/policies/watched-file.ts";
import type { Steps } from "../../../src/time/slices.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { createStage } from "../../support/stage.ts";

const stage = createStage();

/** A file of words, in which "bad" may not stand. */
const words = {
  what: "words",
  // oxlint-disable-next-line require-yield
  *parse(file: string, text: string): Steps<string[]> {
    if (text.includes("bad")) throw new FileProblem([`${file}:1:1: a bad word`]);
    if (text.includes("odd")) throw new TypeError("a fault");
    return text.trim().split(" ");
  },
};

function open(text: string) {
  const file = join(stage.folder(), "words.txt");
  writeFileSync(file, text);
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = (level: string, message: string) => {
    logged.push(`${level}: ${message.replaceAll(file, "words.txt")}`);
  };
  const watched = new WatchedFile(file, words, { clock, log });
  stage.defer(() => watched.close());
  /** Changes the file, and waits until the watch has seen that. */
  async function change(text: string | undefined): Promise<void> {
    const before = logged.length;
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    await eventually(async () => {
      clock.advance(1_000);
      await Bun.sleep(1);
      return logged.length > before;
    });
  }
  return { file, watched, logged, change, clock };
}

const READ = "info: the words of words.txt have been read again";
const KEPT = "error: the words read before stay in force until words.txt is right again";

describe("a watched file", () => {
  test("is read at once, and again when it changes", async () => {
    const { watched, logged, change } = open("one two");
    expect(watched.content).toEqual(["one", "two"]);
    await change("three");
    expect(watched.content).toEqual(["three"]);
    expect(logged).toEqual([READ]);
  });

  test("that becomes invalid is reported once, and leaves in force what was read before", async () => {
    const { watched, logged, change } = open("one");
    await change("bad");
    expect(watched.content).toEqual(["one"]);
    expect(logged).toEqual(["error: words.txt:1:1: a bad word", KEPT]);
    watched.refresh();
    expect(logged).toHaveLength(2);
    await change("two");
    expect(watched.content).toEqual(["two"]);
    expect(logged.at(-1)).toBe(READ);
  });

  test("that disappears is reported, and so is its return, even if nothing is new in it", async () => {
    const { watched, logged, change } = open("one");
    await change(undefined);
    expect(watched.content).toEqual(["one"]);
    expect(logged[0]).toStartWith("error: words.txt does not exist; relative paths");
    await change("one");
    expect(watched.content).toEqual(["one"]);
    expect(logged.at(-1)).toBe(READ);
  });

  test("ends nothing when it cannot be read because of a fault of ours", async () => {
    const { watched, logged, change } = open("one");
    await change("odd");
    expect(watched.content).toEqual(["one"]);
    expect(logged).toEqual(["error: words.txt: TypeError: a fault", KEPT]);
  });

  test("can be read again at once", () => {
    const { file, watched, logged } = open("one");
    watched.refresh();
    expect(logged).toEqual([]);
    writeFileSync(file, "two");
    watched.refresh();
    expect(watched.content).toEqual(["two"]);
    rmSync(file);
    watched.refresh();
    expect(watched.content).toEqual(["two"]);
    expect(logged.at(-1)).toBe(KEPT);
  });

  test("that is large is read again soon, and not at once", async () => {
    const { file, watched, logged } = open("one");
    writeFileSync(file, `two ${"x".repeat(100_000)}`);
    watched.refresh();
    expect(watched.content).toEqual(["one"]);
    await eventually(() => logged.length > 0);
    expect(watched.content[0]).toBe("two");
  });

  test("is not read again once it is closed, and leaves no timer", async () => {
    const { watched, clock } = open("one");
    watched.close();
    expect(clock.pending).toBe(0);
  });

  test("that cannot be read in the beginning is no watched file, and leaves no timer", () => {
    const clock = new FakeClock();
    const services = { clock, log: () => {} };
    expect(() => new WatchedFile(join(stage.folder(), "none"), words, services)).toThrow(
      FileProblem,
    );
    expect(() => new WatchedFile(stage.folder(), words, services)).toThrow("is not a file");
    const file = join(stage.folder(), "latin1.txt");
    writeFileSync(file, Buffer.from([0x61, 0xe9]));
    expect(() => new WatchedFile(file, words, services)).toThrow("is not text in UTF-8");
    expect(clock.pending).toBe(0);
  });
});
