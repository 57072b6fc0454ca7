import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Logger } from "../../../src/telemetry/logger.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import {
  defineSink,
  type LoggingSettings,
  type SinkKind,
} from "../../../src/telemetry/sinks/sink.ts";
import { Telemetry } from "../../../src/telemetry/telemetry.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { acceptingOtlp } from "../../support/otlp-services.ts";
import { openExchange } from "../pipeline/opening.ts";
import { collectingWriter } from "./collecting-writer.ts";

const settings: LoggingSettings = {
  level: "info",
  format: "text",
  database: "a.db",
  retention: { max_age: 0, rollups: 0, max_size: 0 },
};

/** A kind of sink that records its input, identified by the database's name. */
function notingKind(name: string) {
  const opened: { database: string; records: ExchangeRecord[]; isClosed: boolean }[] = [];
  const kind: SinkKind = {
    name,
    open({ database }) {
      const state = { database, records: [] as ExchangeRecord[], isClosed: false };
      opened.push(state);
      return {
        write: (record) => void state.records.push(record),
        counts: () => ({ written: state.records.length, queued: 0, dropped: 1 }),
        async close() {
          state.isClosed = true;
        },
      };
    },
    staysFor: (before, next) => before.database === next.database,
  };
  return { kind, opened };
}

function telemetryOf(kinds: readonly SinkKind[]): Telemetry {
  const clock = new FakeClock();
  const logger = new Logger({ ...settings, color: false }, collectingWriter().writer, clock);
  const telemetry = new Telemetry(kinds, settings, { logger, clock, otlp: acceptingOtlp });
  telemetry.open();
  return telemetry;
}

test("every sink gets a record of every exchange", async () => {
  const [one, other] = [notingKind("one"), notingKind("other")];
  const telemetry = telemetryOf([one.kind, other.kind]);
  telemetry.take(openExchange({ url: "http://gateway.test/a" }));
  telemetry.take(openExchange({ url: "http://gateway.test/b" }));
  await telemetry.close(0);
  for (const { opened } of [one, other]) {
    expect(opened[0]?.records.map(({ path }) => path)).toEqual(["/a", "/b"]);
    expect(opened[0]?.isClosed).toBe(true);
  }
});

test("settings that a sink goes by replace it, and its counts stay", async () => {
  const { kind, opened } = notingKind("one");
  const telemetry = telemetryOf([kind]);
  telemetry.take(openExchange({ url: "http://gateway.test/a" }));
  telemetry.change({ ...settings, format: "json" });
  expect(opened).toHaveLength(1);
  telemetry.change({ ...settings, database: "b.db" });
  telemetry.take(openExchange({ url: "http://gateway.test/b" }));
  await telemetry.close(0);
  expect(opened).toMatchObject([
    { database: "a.db", records: [{ path: "/a" }], isClosed: true },
    { database: "b.db", records: [{ path: "/b" }], isClosed: true },
  ]);
  expect(telemetry.counts("one")).toEqual({ written: 2, queued: 0, dropped: 2 });
  expect(telemetry.counts("no such kind")).toEqual({ written: 0, queued: 0, dropped: 0 });
});

test("a sink that a key turns on comes and goes with it, and stays while it is the same", async () => {
  const { kind, opened } = notingKind("file");
  const file = defineSink({
    name: "file",
    schema: Type.String(),
    example: (folder) => folder,
    open: (path, services) => kind.open({ ...settings, database: path }, services)!,
  });
  const telemetry = telemetryOf([file]);
  const take = (path: string) =>
    telemetry.take(openExchange({ url: `http://gateway.test${path}` }));
  take("/nowhere");
  const withFile = (path: string) => ({ ...settings, file: path });
  telemetry.change(withFile("a"));
  take("/a");
  telemetry.change(withFile("a"));
  take("/still-a");
  telemetry.change(withFile("b"));
  take("/b");
  telemetry.change(settings);
  take("/nowhere");
  await telemetry.close(0);
  expect(opened).toMatchObject([
    { database: "a", records: [{ path: "/a" }, { path: "/still-a" }], isClosed: true },
    { database: "b", records: [{ path: "/b" }], isClosed: true },
  ]);
  expect(telemetry.counts("file").written).toBe(3);
});
