import { describe, expect, test } from "bun:test";
import {
  shortened,
  table,
  type TableColumn,
  tableLayout,
  widthOf,
} from "../../../src/cli/table.ts";

const COLUMNS: readonly TableColumn[] = [
  { heading: "TIME" },
  { heading: "PATH", shrinksTo: 8, cut: "middle" },
  { heading: "MS", align: "right" },
  { heading: "CLIENT", priority: 1 },
];

const ROWS = [
  ["12:00", "/users/42/orders/9", "7", "127.0.0.1"],
  ["12:01", "/", "1200", "10.0.0.1"],
];

describe("a table", () => {
  test("is as wide as its cells where there is room", () => {
    expect(table(COLUMNS, ROWS)).toBe(
      `TIME   PATH                  MS  CLIENT
12:00  /users/42/orders/9     7  127.0.0.1
12:01  /                   1200  10.0.0.1
`,
    );
  });

  test("shrinks columns, and leaves out the least important ones, where there is none", () => {
    expect(table(COLUMNS, ROWS, 32)).toBe(
      `TIME   PATH        MS  CLIENT
12:00  /use…s/9     7  127.0.0.1
12:01  /         1200  10.0.0.1
`,
    );
    expect(table(COLUMNS, ROWS, 24)).toBe(
      `TIME   PATH           MS
12:00  /user…ers/9     7
12:01  /            1200
`,
    );
  });

  test("is wider than the terminal rather than without what matters", () => {
    expect(tableLayout(COLUMNS, ROWS, 5).shown.map(({ at }) => at)).toEqual([0, 1, 2]);
  });

  test("is coloured without changing its form", () => {
    const paint = (cell: string, column: number) => (column === 2 ? `<${cell}>` : cell);
    expect(table(COLUMNS, [["a", "b", "7", "c"]], undefined, paint)).toEndWith(
      "a     b      <7>  c\n",
    );
  });
});

describe("a shortened text", () => {
  test("says that something is missing, at its end or in its middle", () => {
    expect(shortened("abcdef", 6)).toBe("abcdef");
    expect(shortened("abcdef", 4)).toBe("abc…");
    expect(shortened("abcdef", 4, "middle")).toBe("ab…f");
    expect(shortened("abcdef", 0)).toBe("");
  });

  test("has whole characters and no more places than asked for", () => {
    for (const width of [1, 2, 3, 4, 5, 6, 7]) {
      expect(widthOf(shortened("日本語👩‍👩‍👧x", width, "middle"))).toBeLessThanOrEqual(width);
    }
  });
});
