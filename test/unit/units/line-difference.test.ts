import { describe, expect, test } from "bun:test";
import { changedLines, unifiedDifference } from "../../../src/units/line-difference.ts";

const lines = (text: string) => text.split("").join("\n") + "\n";

describe("the difference of two texts", () => {
  test("is nothing if they are the same", () => {
    expect(unifiedDifference("a\nb\n", "a\nb\n")).toBe("");
    expect(changedLines("", "")).toEqual({ added: 0, removed: 0 });
  });

  test("has the lines that were added and removed, with their surroundings", () => {
    expect(unifiedDifference(lines("abcdefghij"), lines("abcdXfghij"))).toBe(
      "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n",
    );
    expect(unifiedDifference("", "a\n")).toBe("@@ -0,0 +1,1 @@\n+a\n");
    expect(unifiedDifference("a\n", "")).toBe("@@ -1,1 +0,0 @@\n-a\n");
  });

  test("keeps what is far apart in hunks of their own", () => {
    const before = lines("abcdefghijklmnopqrst");
    const text = unifiedDifference(before, before.replace("b", "B").replace("r", "R"), 1);

    expect(text).toBe("@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -17,3 +17,3 @@\n q\n-r\n+R\n s\n");
  });

  test("leads from one to the other, and is no longer than it must be", () => {
    let seed = 7;
    const next = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % most;
    for (let round = 0; round < 300; round += 1) {
      const word = () => Array.from({ length: next(12) }, () => "abc"[next(3)]).join("");
      const [before, after] = [lines(word()), lines(word())].map((text) => text.replace(/^\n/, ""));
      const text = unifiedDifference(before!, after!, 99);
      const body = text.split("\n").slice(1, -1);
      const side = (sign: string) =>
        body.flatMap((line) => (line[0] === sign || line[0] === " " ? [`${line.slice(1)}\n`] : []));
      if (text !== "") {
        expect(side("-").join("")).toBe(before!);
        expect(side("+").join("")).toBe(after!);
      } else expect(before).toBe(after);
      const { added, removed } = changedLines(before!, after!);
      const common = longestCommon(
        before!.split("\n").slice(0, -1),
        after!.split("\n").slice(0, -1),
      );
      expect(removed).toBe(before!.split("\n").length - 1 - common);
      expect(added).toBe(after!.split("\n").length - 1 - common);
    }
  });

  test("of texts that have nothing in common is one after the other, in no time", () => {
    const before = Array.from({ length: 20_000 }, (_, index) => `a${index}`).join("\n");
    const after = Array.from({ length: 20_000 }, (_, index) => `b${index}`).join("\n");

    expect(changedLines(before, after)).toEqual({ added: 20_000, removed: 20_000 });
  });
});

function longestCommon(one: readonly string[], other: readonly string[]): number {
  const best = Array.from({ length: one.length + 1 }, () =>
    Array.from({ length: other.length + 1 }, () => 0),
  );
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      best[i]![j] =
        one[i] === other[j]
          ? best[i + 1]![j + 1]! + 1
          : Math.max(best[i + 1]![j]!, best[i]![j + 1]!);
    }
  }
  return best[0]![0]!;
}
