import { expect, test } from "bun:test";
import { reasonOf } from "../../../src/cli/system-error.ts";

test.each([
  ["ENOENT", "no such file"],
  ["EACCES", "permission denied"],
  ["EISDIR", "it is a folder"],
  ["ENOTDIR", "a part of its path is not a folder"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "the disk is full"],
  ["ELOOP", "ELOOP"],
])("%s is, in words: %s", (code, words) => {
  expect(reasonOf(Object.assign(new Error("failed"), { code }))).toBe(words);
});

test("an error without a code is named as it is", () => {
  expect(reasonOf(new Error("failed"))).toBe("Error: failed");
  expect(reasonOf("failed")).toBe("failed");
});
