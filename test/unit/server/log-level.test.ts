import { expect, test } from "bun:test";
import { LogLevelSwitch } from "../../../src/server/parts/log-level.ts";
import { Logger } from "../../../src/telemetry/logger.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { collectingWriter } from "../telemetry/collecting-writer.ts";

function switched() {
  const clock = new FakeClock();
  const { writer, written } = collectingWriter();
  const logger = new Logger({ level: "info", format: "text", color: false }, writer, clock);
  return { clock, logger, written, level: new LogLevelSwitch(logger, clock) };
}

test("the log's level falls back after its time, and says so", () => {
  const { clock, logger, level, written } = switched();
  level.change("debug", "info", 600_000);
  expect([level.level, logger.level]).toEqual(["debug", "debug"]);
  clock.advance(600_000);
  expect(level.level).toBe("info");
  expect(written()).toContain("the log's level is info again");
});

test("a later change, and a reload, leave the earlier one without effect", () => {
  const { clock, logger, level } = switched();
  level.change("debug", "info", 1_000);
  level.change("error", "info", undefined);
  clock.advance(1_000);
  expect(level.level).toBe("error");
  level.change("debug", "info", 1_000);
  level.forget();
  logger.setLevel("warn");
  clock.advance(1_000);
  expect([level.level, clock.pending]).toEqual(["warn", 0]);
});
