import { describe, expect, test } from "bun:test";
import { drawn } from "../../../../src/cli/top/draw.ts";
import { Top } from "../../../../src/cli/top/model.ts";
import { row, second } from "./support.ts";

function filled(): Top {
  const top = new Top({ quit() {}, rows() {}, open() {} });
  top.second(second({ "/api/users/*": 30, "/api/orders/:id": 10, [`/${"long".repeat(50)}`]: 1 }));
  top.rows(
    [row({ status_code: 503, error_code: "no_healthy_backend", path: "/a\x1b[2J\u202e" })],
    3,
  );
  return top;
}

const SIZES = [
  [200, 40],
  [100, 24],
  [60, 16],
  [30, 8],
] as const;

describe.each(SIZES)("on %d places and %d lines", (width, height) => {
  test.each(["1", "2", "3", "?"])("view %s fits", (key) => {
    const top = filled();
    top.press(key, 10);
    const lines = drawn(top, { width, height }, "gateway top", false);
    expect(lines.length).toBeLessThanOrEqual(height);
    expect(lines.filter((line) => Bun.stringWidth(line) > width)).toEqual([]);
    // A request's texts cannot control the terminal, and nothing is coloured.
    expect(lines.join("").match(/\p{Cc}|\u202e/u)).toBeNull();
  });
});

test("the chosen line is always on the screen", () => {
  const top = new Top({ quit() {}, rows() {}, open() {} });
  top.second(
    second(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`/r${at}`, 50 - at]))),
  );
  top.press("end", 10);
  const lines = drawn(top, { width: 80, height: 12 }, "gateway top", false);
  expect(lines.filter((line) => line.startsWith(">"))).toEqual([expect.stringContaining("/r49 ")]);
});

test("says why there is no data, and that it is held still", () => {
  const top = filled();
  expect(drawn(top, { width: 100, height: 20 }, "top", false)[0]).toContain("15:00:01 UTC");
  top.press("p", 10);
  expect(drawn(top, { width: 100, height: 20 }, "top", false)[0]).toEndWith("paused");
  top.away = "no gateway answers";
  expect(drawn(top, { width: 100, height: 20 }, "top", false)[0]).toEndWith(
    "no data: no gateway answers",
  );
});

test("colours where it may", () => {
  const top = filled();
  top.press("3", 10);
  const text = drawn(top, { width: 120, height: 20 }, "top", true).join("\n");
  expect(text).toContain("\x1b[31m503\x1b[0m");
});

test("what is typed, and what is wrong with it, stand in the last line", () => {
  const top = filled();
  for (const key of ["3", "/", ...Array.from("status:x"), "enter"]) top.press(key, 10);
  expect(drawn(top, { width: 200, height: 20 }, "top", false).at(-1)).toMatch(
    /^filter: status:x_ {3}\(status cannot be "x"/,
  );
  top.press("backspace", 10);
  expect(drawn(top, { width: 200, height: 20 }, "top", false).at(-1)).toBe("filter: status:_");
});

test("says that no name has the filter, and marks the order without moving columns", () => {
  const top = filled();
  for (const key of ["/", "z", "z", "z", "enter"]) top.press(key, 10);
  const size = { width: 100, height: 20 };
  expect(drawn(top, size, "top", false)[4]).toBe(
    'No routes with "zzz" in the name; Esc shows all.',
  );
  top.press("3", 10);
  expect(drawn(top, size, "top", false)[3]).toStartWith("  TIME↓     METHOD");
});
