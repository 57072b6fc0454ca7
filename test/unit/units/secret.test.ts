import { expect, test } from "bun:test";
import { secretCheck } from "../../../src/units/secret.ts";

test("a secret is distinguished from every other text, whatever its length", () => {
  const isSecret = secretCheck("correct horse");
  expect(isSecret("correct horse")).toBe(true);
  for (const other of ["", "correct hors", "correct horse ", "Correct horse", "x".repeat(1000)]) {
    expect(isSecret(other)).toBe(false);
  }
});
