import { afterEach } from "bun:test";
import type { WriterAnswer } from "../../../../src/telemetry/access-log/messages.ts";
import { BatchQueue } from "../../../../src/telemetry/access-log/queue.ts";
import { Writer } from "../../../../src/telemetry/access-log/writer.ts";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { Reports, rowsIn, UNLIMITED } from "./support.ts";

/** Starts writers on their own clock, in the test's thread, and closes them after each test. */
export function writerStarter() {
  const open: Writer[] = [];
  afterEach(() => {
    for (const writer of open.splice(0)) writer.receive({ kind: "close" });
  });
  return (path: string, limits = UNLIMITED) => {
    const clock = new FakeClock();
    const reports = new Reports();
    const answers: WriterAnswer["kind"][] = [];
    const writer = new Writer(path, limits, clock, (answer) => {
      if (answer.kind === "report") reports.add(answer.level, answer.message);
      else answers.push(answer.kind);
    });
    open.push(writer);
    writer.receive({ kind: "open", database: path, limits });
    return { clock, reports, answers, writer };
  };
}

export function batchOf(rows: readonly ExchangeRecord[]) {
  const queue = new BatchQueue(rows.length, 2 ** 24);
  for (const row of rows) queue.add(row, 0);
  return { kind: "batch", packed: queue.take(true)!.pack() } as const;
}

export const idsIn = (path: string) => rowsIn(path).map((row) => row["request_id"]);
