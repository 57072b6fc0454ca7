import { expect, test } from "bun:test";
import { isUpgradeTo, upgradeProtocols } from "../../../src/http/upgrade.ts";

test.each([
  [null, []],
  ["websocket", ["websocket"]],
  [" a/1.0 ,b,, c ", ["a/1.0", "b", "c"]],
  ["a b, c/, /d, é, e/1/2, f", ["f"]],
])("an Upgrade field of %p names %p", (field, protocols) => {
  expect(upgradeProtocols(field)).toEqual(protocols);
});

test.each([
  ["websocket", "websocket"],
  ["WebSocket", "websocket"],
  ["b", "a, B"],
  ["b, a/2", "a/2, b, c"],
])("an upgrade to %p was asked for with %p", (answered, asked) => {
  expect(isUpgradeTo(answered, asked)).toBe(true);
});

test.each([
  ["websocket", undefined],
  [null, "websocket"],
  ["", "websocket"],
  ["tcp", "websocket"],
  ["a", "a/2"],
  ["a, b", "a"],
  ["a,", "a"],
])("an upgrade to %p was not asked for with %p", (answered, asked) => {
  expect(isUpgradeTo(answered, asked)).toBe(false);
});
