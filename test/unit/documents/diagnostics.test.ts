import { describe, expect, test } from "bun:test";
import { type Diagnostic, formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";

const plain = { color: false };

function diagnostic(changes: Partial<Diagnostic>): Diagnostic {
  return {
    file: "a.yaml",
    line: 1,
    column: 1,
    length: 1,
    message: "wrong",
    sourceLine: "text",
    severity: "error",
    ...changes,
  };
}

/** The line that is shown and the one below it, without the gutter. */
function shown(changes: Partial<Diagnostic>): string[] {
  const [, line = "", carets = ""] = formatDiagnostics([diagnostic(changes)], plain).split("\n");
  return [line.slice(8), carets.slice(8)];
}

describe("formatted diagnostics", () => {
  test("are in the order of file, line and column", () => {
    const places = [
      { file: "b.yaml" },
      { line: 10 },
      { line: 2, column: 12 },
      { line: 2, column: 3, severity: "warning" as const },
    ];
    const lines = formatDiagnostics(
      places.map((place) => diagnostic({ ...place, sourceLine: "" })),
      plain,
    );
    expect(lines.split("\n")).toEqual([
      "a.yaml:2:3: warning: wrong",
      "a.yaml:2:12: error: wrong",
      "a.yaml:10:1: error: wrong",
      "b.yaml:1:1: error: wrong",
    ]);
  });

  test("show the line with its number, and the place below it", () => {
    const one = diagnostic({ line: 1234, column: 4, length: 2, sourceLine: "a: 80 # port" });
    expect(formatDiagnostics([one], plain)).toBe(
      "a.yaml:1234:4: error: wrong\n 1234 | a: 80 # port\n      |    ^^",
    );
  });

  test("are empty when there are none", () => {
    expect(formatDiagnostics([], plain)).toBe("");
  });

  test("are coloured when asked, with the same text", () => {
    const both = [diagnostic({}), diagnostic({ line: 2, severity: "warning" })];
    const coloured = formatDiagnostics(both, { color: true });
    expect(coloured).toContain("\u001B[1;31merror:\u001B[0m");
    expect(coloured).toContain("\u001B[1;35mwarning:\u001B[0m");
    expect(Bun.stripANSI(coloured)).toBe(formatDiagnostics(both, plain));
  });
});

describe("the place below the line", () => {
  test("keeps the tabs before it, however wide they are shown", () => {
    expect(shown({ sourceLine: "\ta:\t80", column: 5, length: 2 })).toEqual([
      "\ta:\t80",
      "\t  \t^^",
    ]);
  });

  test("counts wide characters twice and combining ones not at all", () => {
    expect(shown({ sourceLine: "{日本: 東京}", column: 6, length: 2 })).toEqual([
      "{日本: 東京}",
      "       ^^^^",
    ]);
    expect(shown({ sourceLine: "e\u0301: 1", column: 5 })[1]).toBe("   ^");
  });

  test("is at least one character, also after the line's end", () => {
    expect(shown({ sourceLine: "a:", column: 3 })).toEqual(["a:", "  ^"]);
    expect(shown({ sourceLine: "\u0301x", column: 1 })[1]).toBe("^");
  });
});

describe("a very long line", () => {
  const line = `${"a".repeat(300)}HERE${"b".repeat(300)}`;

  test("is cut on both sides of the place", () => {
    const [text = "", carets = ""] = shown({ sourceLine: line, column: 301, length: 4 });
    expect(text).toBe(`…${"a".repeat(50)}HERE${"b".repeat(66)}…`);
    expect(carets).toBe(`${" ".repeat(51)}^^^^`);
  });

  test("is cut at its end only, for a place near its beginning", () => {
    const [text = "", carets = ""] = shown({ sourceLine: line, column: 2, length: 400 });
    expect(text).toBe(`${"a".repeat(120)}…`);
    expect(carets).toBe(` ${"^".repeat(119)}`);
  });

  test("is cut at its beginning only, for a place near its end", () => {
    const [text = "", carets = ""] = shown({ sourceLine: line, column: 604, length: 1 });
    expect(text).toBe(`…${"b".repeat(120)}`);
    expect(carets).toBe(`${" ".repeat(120)}^`);
  });
});

describe("characters that would confuse a terminal", () => {
  test("are replaced wherever they come from", () => {
    const printed = formatDiagnostics(
      [
        diagnostic({
          file: "a\u001B[2J.yaml",
          message: "unknown key `a\nb\u202E`",
          sourceLine: "\u001B]0;x\u0007: \u0085\u2067",
        }),
      ],
      plain,
    );
    expect(printed).toBe(
      "a�[2J.yaml:1:1: error: unknown key `a�b�`\n    1 | �]0;x�: ��\n      | ^",
    );
  });
});
