import { describe, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { systemClock } from "../../../../src/time/clock.ts";
import { LineWriter, type Output } from "../../../../src/telemetry/line-writer.ts";
import { Logger } from "../../../../src/telemetry/logger.ts";
import { sinkKinds } from "../../../../src/telemetry/sinks/registry.ts";
import type { LoggingSettings, SinkKind } from "../../../../src/telemetry/sinks/sink.ts";
import { eventually } from "../../../support/eventually.ts";
import { schemaProblems } from "../../../support/schema-rules.ts";
import { acceptingOtlp, silentOtlp } from "../../../support/otlp-services.ts";
import { createStage } from "../../../support/stage.ts";
import { record, records } from "../access-log/support.ts";

const stage = createStage();
const LONG = 60_000;

/** Every character below U+0300, separators, marks, overrides, lone surrogates and what SQL and JSON use. */
const HOSTILE = [
  ...Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code)),
  "\u2028\u2029\u202E\u2066\u200F\u061C\uFEFF\uD800😀\uDFFF'\"; DROP TABLE logs; -- \\",
].join("");

function open(
  kind: SinkKind,
  { output = async () => true, database = "gateway.db", otlp = acceptingOtlp } = {},
) {
  const file = join(stage.folder(), database);
  const settings: LoggingSettings = {
    level: "debug",
    format: "text",
    database: file,
    retention: { max_age: 0, rollups: 0, max_size: 0 },
    ...(kind.schema !== undefined && {
      [kind.name]: Value.Decode(kind.schema, kind.example?.(dirname(file))),
    }),
  };
  const writer = new LineWriter(output satisfies Output, systemClock);
  const logger = new Logger({ ...settings, color: false }, writer, systemClock);
  const sink = kind.open(settings, { logger, clock: systemClock, otlp });
  if (sink === undefined) throw new Error(`the example does not turn ${kind.name} on`);
  stage.defer(() => sink.close(0));
  return { sink, settings };
}

const names = sinkKinds.map(({ name }) => name);

test("every kind has its own name", () => {
  expect(new Set(names).size).toBe(names.length);
});

test("a kind that only a key of `logging` turns on explains that key", () => {
  for (const { name, schema, example } of sinkKinds) {
    expect(schema === undefined ? [] : schemaProblems(name, schema)).toEqual([]);
    expect(example !== undefined).toBe(schema !== undefined);
  }
});

describe.each(sinkKinds.map((kind) => [kind.name, kind] as const))("the sink %s", (_name, kind) => {
  test("takes a record full of hostile text, and those that follow it", async () => {
    const { sink } = open(kind);
    const hostile = Object.fromEntries(
      Object.entries(record()).map(([name, value]) => [
        name,
        typeof value === "string" && name !== "level" ? HOSTILE : value,
      ]),
    );
    sink.write({ ...record(), ...hostile });
    for (const one of records(10)) sink.write(one);
    await sink.close(LONG);
    expect(sink.counts()).toEqual({ written: 11, queued: 0, dropped: 0 });
  });

  test("closes by its deadline when nothing can be written, and counts lost records", async () => {
    const { promise: never } = Promise.withResolvers<boolean>();
    const { sink } = open(kind, {
      output: () => never,
      database: "no-such-folder/gateway.db",
      otlp: silentOtlp,
    });
    for (const one of records(10)) sink.write(one);
    await sink.close(20);
    expect(sink.counts()).toMatchObject({ written: 0, queued: 0 });
    // The lines say of the database what the sinks have to say of it, and are counted as well.
    expect(sink.counts().dropped).toBeGreaterThanOrEqual(10);
  });

  test("counts queued and written records", async () => {
    const { sink } = open(kind);
    sink.write(record());
    expect(sink.counts()).toEqual({ written: 0, queued: 1, dropped: 0 });
    await eventually(() => sink.counts().written === 1);
    expect(sink.counts()).toEqual({ written: 1, queued: 0, dropped: 0 });
  });

  test("stays when nothing has changed", () => {
    const { settings } = open(kind);
    expect(kind.staysFor(settings, structuredClone(settings))).toBe(true);
  });
});
