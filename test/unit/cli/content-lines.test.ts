import { expect, test } from "bun:test";
import { contentLines } from "../../../src/cli/logs/content-lines.ts";
import { type KeptContent, writeKeptContent } from "../../../src/pipeline/kept-content.ts";

const shown = (content: Partial<KeptContent>) =>
  contentLines(writeKeptContent({ type: "application/json", bytes: 2_048, ...content }));

test("content is shown with its type and size, and whole JSON on lines of its own", () => {
  expect(shown({ text: '{"a":[1]}', encoding: "gzip" })).toEqual([
    "(application/json, 2KiB, sent as gzip)",
    "{",
    '  "a": [',
    "    1",
    "  ]",
    "}",
  ]);
  expect(contentLines(null)).toEqual([]);
});

test("content that was cut or redacted says so, and stays as it was kept", () => {
  expect(shown({ text: '{"a":"[redacted]","b', cut: true, redacted: true })).toEqual([
    "(application/json, 2KiB, cut, redacted)",
    '{"a":"[redacted]","b',
  ]);
});

test("content that is not text is told, and shown where it was kept as base64", () => {
  expect(shown({ type: "image/png" })).toEqual(["(image/png, 2KiB, not kept)"]);
  expect(shown({ type: "", base64: "AAEC" })).toEqual([
    "(without a type, 2KiB, as base64)",
    "AAEC",
  ]);
});

test("content cannot move a terminal's cursor", () => {
  expect(shown({ type: "text/plain", text: "one\ntwo\u001b[2J" })).toEqual([
    "(text/plain, 2KiB)",
    "one",
    "two\\x1b[2J",
  ]);
  expect(contentLines("no json\u001b")).toEqual(["no json\\x1b"]);
});
