import { expect, test } from "bun:test";
import { unpack } from "../../../src/telemetry/access-log/batch.ts";
import type { Batch } from "../../../src/telemetry/access-log/batch.ts";
import { BatchQueue } from "../../../src/telemetry/access-log/queue.ts";
import { entries, entry } from "./support.ts";

const idsOf = (batch: Batch | undefined): string[] =>
  batch === undefined ? [] : unpack(batch.pack()).map(({ requestId }) => requestId);

test("an entry leaves as it came, whatever its texts contain", () => {
  const strange = entry({ path: '/"\\\u0000\n€😀', userAgent: "", timeToFirstByteMs: -1 });
  const queue = new BatchQueue(10, 10);
  queue.add(strange, 0);
  queue.add(entry(), 0);
  expect(unpack(queue.take(true)!.pack())).toEqual([strange, entry()]);
});

test("many rows leave as they came, whatever texts they share", () => {
  const queue = new BatchQueue(1000, 1000);
  const rows = Array.from({ length: 100 }, (_, index) =>
    entry({
      requestId: `${index}`,
      path: `/${index % 7}`,
      // The same text in another column, and a number that looks like a place.
      userAgent: `/${index % 7}`,
      statusCode: 200 + (index % 3),
      latencyMs: index / 8,
      errorCode: index % 2 === 0 ? "" : "backend_timeout",
    }),
  );
  for (const row of rows) queue.add(row, 0);
  expect(unpack(queue.take(true)!.pack())).toEqual(rows);
});

test("rows leave in the order they came, full batches before the rest", () => {
  const queue = new BatchQueue(2, 10);
  for (const one of entries(5)) queue.add(one, 0);
  expect(queue.hasFullBatch).toBe(true);
  expect(idsOf(queue.take(true))).toEqual(["0", "1"]);
  expect(idsOf(queue.take(true))).toEqual(["2", "3"]);
  expect(queue.take(false)).toBeUndefined();
  expect(idsOf(queue.take(true))).toEqual(["4"]);
  expect(queue.take(true)).toBeUndefined();
  expect(queue.rows).toBe(0);
});

test("a queue at its capacity takes no more until rows have left", () => {
  const queue = new BatchQueue(2, 3);
  expect(entries(4).map((one) => queue.add(one, 0))).toEqual([true, true, true, false]);
  expect(queue.add(entry(), 2)).toBe(false);
  queue.take(false);
  expect(queue.add(entry(), 2)).toBe(false);
  expect(queue.add(entry(), 0)).toBe(true);
  expect(queue.rows).toBe(2);
});

test("a row with much text takes the room of several", () => {
  const queue = new BatchQueue(100, 20);
  const long = entry({ path: `/${"a".repeat(9 * 1024)}` });
  expect([queue.add(long, 0), queue.add(long, 0), queue.add(long, 0)]).toEqual([true, true, false]);
  queue.clear();
  expect(queue.rows).toBe(0);
  expect(queue.add(long, 0)).toBe(true);
});
