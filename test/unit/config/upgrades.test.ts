import { expect, test } from "bun:test";
import { errorsIn, loaded } from "./loading.ts";

const withUpgrades = (written: string) =>
  `routes:\n  - { path: /a, backends: [http://a], upgrades: ${written} }\n`;

test.each([
  ["[websocket, tcp]", ["websocket", "tcp"]],
  ["websocket", ["websocket"]],
  ["[]", []],
])("upgrades: %s allows %p", (written, upgrades) => {
  expect(loaded(withUpgrades(written)).routes[0]).toMatchObject({ upgrades });
});

test.each([
  ["[h2c]", "2:50: the gateway cannot tunnel `h2c`"],
  ["[websocket, TLS/1.0]", "2:61: the gateway cannot tunnel `TLS/1.0`"],
  ["['a b']", "2:50: `a b` is not a protocol's name"],
])("upgrades: %s is refused with the reason: %s", (written, reason) => {
  expect(errorsIn(withUpgrades(written)).join("\n")).toContain(reason);
});
