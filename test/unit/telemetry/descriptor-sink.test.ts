import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/time/clock.ts";
import { descriptorSink, writeNow } from "../../../src/telemetry/line-writer.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { eventually } from "../../support/eventually.ts";
import { createStage } from "../../support/stage.ts";

const stage = createStage();

/** A new file, open for writing. Nothing else may close the descriptor. */
function openFile() {
  const path = join(stage.folder(), "out");
  const descriptor = openSync(path, "w");
  stage.defer(() => closeSync(descriptor));
  return { descriptor, text: () => readFileSync(path, "utf8") };
}

/** A pipe that says EAGAIN, as a standard output does that somebody else made non-blocking. */
function openPipe() {
  const path = join(stage.folder(), "pipe");
  const made = Bun.spawnSync(["mkfifo", path]);
  if (!made.success) throw new Error("mkfifo failed");
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  stage.defer(() => closeSync(descriptor));
  return {
    descriptor,
    read: (): string => {
      const buffer = Buffer.alloc(1024 * 1024);
      try {
        return buffer.toString("utf8", 0, readSync(descriptor, buffer));
      } catch {
        return "";
      }
    },
  };
}

describe("a sink for a file descriptor", () => {
  test("writes all of it, one piece behind the other", async () => {
    const { descriptor, text } = openFile();
    const sink = descriptorSink(descriptor, systemClock);
    await sink("äöü\n");
    await sink("x".repeat(300_000));
    expect(text()).toBe(`äöü\n${"x".repeat(300_000)}`);
  });

  test("waits for a reader who is slow, and loses nothing", async () => {
    const { descriptor, read } = openPipe();
    const clock = new FakeClock();
    const sent = Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join("");
    let taken = false;
    const write = descriptorSink(
      descriptor,
      clock,
    )(sent).then(() => {
      taken = true;
    });
    await eventually(() => clock.pending === 1);
    expect(taken).toBe(false);
    let received = "";
    await eventually(() => {
      received += read();
      clock.advance(10);
      return taken;
    });
    await write;
    expect(received + read()).toBe(sent);
  });

  test("gives up quietly when nobody can read any more", async () => {
    const path = join(stage.folder(), "read-only");
    closeSync(openSync(path, "w"));
    const descriptor = openSync(path, "r");
    stage.defer(() => closeSync(descriptor));
    expect(await descriptorSink(descriptor, systemClock)("lost")).toBeUndefined();
  });
});

describe("last words", () => {
  test("are written at once", () => {
    const { descriptor, text } = openFile();
    writeNow(descriptor, "");
    writeNow(descriptor, "stopped\n");
    expect(text()).toBe("stopped\n");
  });

  test("that nobody takes are given up", () => {
    const path = join(stage.folder(), "read-only");
    closeSync(openSync(path, "w"));
    const descriptor = openSync(path, "r");
    stage.defer(() => closeSync(descriptor));
    expect(() => writeNow(descriptor, "lost")).not.toThrow();
  });
});
