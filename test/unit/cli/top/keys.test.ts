import { expect, test } from "bun:test";
import { keysIn } from "../../../../src/cli/top/keys.ts";

test.each([
  ["q", ["q"]],
  ["\x1b", ["escape"]],
  ["\x1b[A\x1bOB", ["up", "down"]],
  ["\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page up", "page down", "home", "end"]],
  ["\r\t\x7f\x03", ["enter", "tab", "backspace", "interrupt"]],
  ["ä😀", ["ä", "😀"]],
  ["\x1b[200~x\x00", ["x"]],
])("%j are the keys %j", (text, keys) => {
  expect(keysIn(text)).toEqual(keys);
});
