import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/time/clock.ts";
import { descriptorOutput } from "../../../src/telemetry/line-writer.ts";
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

/** A pipe that returns EAGAIN, like a standard output that another process made non-blocking. */
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

describe("an output for a file descriptor", () => {
  test("writes all of it, one piece after the other", async () => {
    const { descriptor, text } = openFile();
    const output = descriptorOutput(descriptor, systemClock);
    await output("äöü\n");
    await output("x".repeat(300_000));
    expect(text()).toBe(`äöü\n${"x".repeat(300_000)}`);
  });

  test("waits for a reader who is slow, and loses nothing", async () => {
    const { descriptor, read } = openPipe();
    const clock = new FakeClock();
    const sent = Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join("");
    let taken = false;
    const write = descriptorOutput(
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

  test("says so when nobody can read any more", async () => {
    const path = join(stage.folder(), "read-only");
    closeSync(openSync(path, "w"));
    const descriptor = openSync(path, "r");
    stage.defer(() => closeSync(descriptor));
    expect(await descriptorOutput(descriptor, systemClock)("lost")).toBe(false);
  });
});
