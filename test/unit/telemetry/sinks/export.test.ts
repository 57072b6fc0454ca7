import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { LineWriter } from "../../../../src/telemetry/line-writer.ts";
import { Logger } from "../../../../src/telemetry/logger.ts";
import { exported } from "../../../../src/telemetry/sinks/export.ts";
import { systemClock } from "../../../../src/time/clock.ts";
import { exchangeRecord } from "../../../support/exchange-record.ts";
import { silentOtlp } from "../../../support/otlp-services.ts";

test("rows are exported, and records that are only counted are not", async () => {
  const clock = systemClock;
  const { schema } = exported;
  const settings = {
    level: "info" as const,
    format: "text" as const,
    database: "unused.db",
    retention: { max_age: 0, rollups: 0, max_size: 0 },
    ...(schema !== undefined && {
      export: Value.Decode(schema, exported.example?.(".")),
    }),
  };
  const writer = new LineWriter(async () => true, clock);
  const logger = new Logger({ ...settings, color: false }, writer, clock);
  const sink = exported.open(settings, { logger, clock, otlp: silentOtlp });
  sink?.write(exchangeRecord({ isLogged: false }));
  expect(sink?.counts()).toMatchObject({ queued: 0, dropped: 0 });
  sink?.write(exchangeRecord({ isLogged: true }));
  expect(sink?.counts()).toMatchObject({ queued: 1, dropped: 0 });
  await sink?.close(0);
});
