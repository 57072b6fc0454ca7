import { expect, test } from "bun:test";
import { compileSnapshot } from "../../../src/runtime/snapshot/compile.ts";
import { FakeLinks } from "../../support/fake-links.ts";
import { configFrom, retireSnapshot, world } from "./world.ts";

const ROUTES = `routes: [{ path: "/api/*", backends: ["http://backend.test:9001"] }]`;

function opened() {
  const { services, clock } = world();
  const links = new FakeLinks();
  const compile = (text: string) =>
    compileSnapshot(configFrom(`${text}\n${ROUTES}`), { ...services, openLink: links.open });
  return { links, clock, compile };
}

test("a configuration without a store connects to none", () => {
  const { links, compile } = opened();
  compile("");
  expect(links.links).toHaveLength(0);
});

test("a store is connected to with the configuration, and stays over reloads that do not change it", () => {
  const { links, compile } = opened();
  const first = compile("store: redis://store.test");
  const second = compile(`store: { redis: "redis://store.test", timeout: 50ms }`);
  retireSnapshot(first);
  expect(links.links).toHaveLength(1);
  expect(links.last.isClosed).toBe(false);
  retireSnapshot(second);
});

test("a store that a reload changes is replaced, and closes once nothing uses it", () => {
  const { clock, links, compile } = opened();
  const first = compile("store: redis://store.test");
  compile(`store: { redis: "redis://store.test", on_error: deny }`);
  retireSnapshot(first);
  expect(links.links.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  clock.advance(4_000);
  links.links[1]?.asked[0]?.answer("PONG");
  clock.advance(56_000);
  expect(links.links[0]?.isClosed).toBe(true);
});
