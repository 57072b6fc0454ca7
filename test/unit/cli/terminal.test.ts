import { describe, expect, test } from "bun:test";
import { mayColor } from "../../../src/cli/terminal.ts";

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
