import { expect, test } from "bun:test";
import { MisuseLog } from "../../../src/server/parts/misuse-log.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("each connection that is ended has a line, and beyond 20 a minute they are counted", () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = new MisuseLog(clock, { log: (level, text) => lines.push(`${level} ${text}`) });
  for (let index = 0; index < 50; index += 1) log.add(`192.0.2.${index}`, "too many PING frames");
  expect(lines.length).toBe(20);
  expect(lines[0]).toBe("info the HTTP/2 connection of 192.0.2.0 was ended: too many PING frames");
  clock.advance(60_000);
  log.add("192.0.2.99", "too many PING frames");
  log.add("192.0.2.99", "too many PING frames");
  expect(lines.slice(20)).toEqual([
    "info the HTTP/2 connection of 192.0.2.99 was ended: too many PING frames; 30 others before it are not listed",
    "info the HTTP/2 connection of 192.0.2.99 was ended: too many PING frames",
  ]);
});
