import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createStage } from "../../support/stage.ts";
import { mayColor, writeAll } from "../../../src/cli/terminal.ts";

describe("text may be coloured", () => {
  const cases: [isTerminal: boolean, environment: Record<string, string>, may: boolean][] = [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "" }, true],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "0" }, false],
    [true, { TERM: "dumb" }, false],
    [true, { TERM: "xterm" }, true],
    [false, { FORCE_COLOR: "1" }, true],
    [false, { FORCE_COLOR: "" }, false],
    [true, { FORCE_COLOR: "0" }, false],
    [false, { CLICOLOR_FORCE: "1" }, true],
    [false, { CLICOLOR_FORCE: "0" }, false],
    [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [false, { FORCE_COLOR: "1", NO_COLOR: "" }, true],
  ];

  test.each(cases)("on a terminal: %j, with %j: %j", (isTerminal, environment, may) => {
    expect(mayColor(isTerminal, environment)).toBe(may);
  });
});

describe("a text", () => {
  const stage = createStage();

  /** A pipe with a name, open for writing without waiting for a reader. */
  async function pipe() {
    const path = join(stage.folder(), "pipe");
    await Bun.$`mkfifo ${path}`;
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    stage.defer(() => closeSync(writer));
    return { path, writer, closeReader: () => closeSync(reader) };
  }

  test("is written to its end to a reader that is slow", async () => {
    const { path, writer, closeReader } = await pipe();
    const copy = `${path}.copy`;
    const reader = Bun.spawn(["sh", "-c", `echo ready; head -c 1000000 ${path} > ${copy}`], {
      stdout: "pipe",
    });
    await reader.stdout.getReader().read();
    const text = "x".repeat(1_000_000);
    writeAll(writer, text);
    expect(await reader.exited).toBe(0);
    expect(readFileSync(copy, "utf8")).toBe(text);
    closeReader();
  });

  test("is lost without an error where the reader has gone", async () => {
    const { writer, closeReader } = await pipe();
    closeReader();
    expect(() => writeAll(writer, "text")).not.toThrow();
  });

  test("that a full disk does not take is an error", () => {
    const full = openSync("/dev/full", "w");
    stage.defer(() => closeSync(full));
    expect(() => writeAll(full, "text")).toThrow("ENOSPC");
  });
});
