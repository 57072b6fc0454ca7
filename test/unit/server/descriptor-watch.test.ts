import { expect, test } from "bun:test";
import { descriptorRoom, DescriptorWatch } from "../../../src/server/parts/descriptor-watch.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A watch with a limit of 100, and its lines while that many are in use, for a second each. */
function linesWhile(uses: readonly (number | undefined)[]): string[] {
  const clock = new FakeClock();
  const lines: string[] = [];
  let used: number | undefined = 0;
  const watch = new DescriptorWatch({
    clock,
    logger: { log: (level, message) => lines.push(`${level}: ${message.split(/[;:(]/)[0]}`) },
    free: () => used,
    limit: () => 100,
  });
  watch.start();
  for (used of uses) clock.advance(1_000);
  watch.stop();
  expect(clock.pending).toBe(0);
  return lines.map((line) => line.trim());
}

test("nothing is said while there are enough descriptors", () => {
  expect(linesWhile([10, 50, 89, 10])).toEqual([]);
});

test("one line says that few are left, however long it lasts", () => {
  expect(linesWhile([90, 95, 99])).toEqual(["warn: 90 file descriptors are in use"]);
});

test("one line says that none is left, and one that there are enough again", () => {
  expect(linesWhile([undefined, undefined, 20])).toEqual([
    "error: no file descriptor is left",
    "info: there are enough file descriptors again",
  ]);
});

test("a number that wavers around the threshold does not make a line each time", () => {
  expect(linesWhile([91, 89, 91, 85, 95])).toHaveLength(1);
});

test("no client is let in while none is left", () => {
  const clock = new FakeClock();
  const calls: string[] = [];
  let used: number | undefined;
  const watch = new DescriptorWatch({
    clock,
    logger: { log: () => {} },
    admission: { hold: () => calls.push("hold"), release: () => calls.push("release") },
    free: () => used,
    limit: () => 100,
  });
  watch.start();
  for (used of [50, undefined, 95]) clock.advance(1_000);
  watch.stop();
  expect(calls).toEqual(["release", "hold", "release"]);
});

test.each([
  [64, 22, 17],
  [20_000, 30, 9_981],
  [32, 30, 1],
  [undefined, 30, Infinity],
  [64, undefined, 1],
])("with a limit of %p and %p in use there is room for %d connections", (limit, used, room) => {
  const found = descriptorRoom(
    () => used,
    () => limit,
  );
  expect(found).toEqual({ connections: room, limit });
});

test("there is room for connections on this machine", () => {
  expect(descriptorRoom().connections).toBeGreaterThan(1);
});
