import { expect, test } from "bun:test";
import {
  allowedUpgrades,
  isUpgradeTo,
  namesWebSocket,
  upgradeProblem,
  upgradeProtocols,
} from "../../../src/http/upgrade.ts";

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

test.each([
  ["websocket", undefined, "websocket"],
  ["a/2, WebSocket", undefined, "a/2, WebSocket"],
  ["h2c, tcp, HTTP/2.0, TLS/1.0, H2, h3, ssl", undefined, "tcp"],
  ["h2c", undefined, undefined],
  ["", undefined, undefined],
  ["websocket, tcp", ["websocket"], "websocket"],
  ["WebSocket, tcp/1, tcp/2", ["tcp/2", "websocket"], "WebSocket, tcp/2"],
  ["tcp/1, tcp", ["tcp"], "tcp/1, tcp"],
  ["tcp", [], undefined],
  ["h2c", ["h2c"], undefined],
])(
  "of the upgrades to %p, with %p allowed, a backend is asked for %p",
  (upgrade, allowed, asked) => {
    expect(allowedUpgrades(upgrade, allowed && new Set(allowed))).toBe(asked);
  },
);

test.each([
  ["websocket", true],
  ["tcp, WEBSOCKET", true],
  ["websocket2", false],
  [null, false],
  [undefined, false],
])("that %p has WebSocket in it is %p", (upgrade, has) => {
  expect(namesWebSocket(upgrade)).toBe(has);
});

test("an operator can list protocols, but none that would carry requests unchecked", () => {
  expect(upgradeProblem("websocket")).toBeUndefined();
  expect(upgradeProblem("my/1.0")).toBeUndefined();
  expect(upgradeProblem("web socket")).toBe(
    "`web socket` is not a protocol's name; write one like websocket",
  );
  expect(upgradeProblem("H2C")).toBe(
    "the gateway cannot tunnel `H2C`: its requests would pass unchecked; leave it out",
  );
});
