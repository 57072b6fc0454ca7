import { expect, test } from "bun:test";
import { escaped } from "../../../../src/units/printable.ts";
import { fields } from "../../../../src/telemetry/fields.ts";
import { unpack } from "../../../../src/telemetry/access-log/batch.ts";
import type { Batch } from "../../../../src/telemetry/access-log/batch.ts";
import { BatchQueue } from "../../../../src/telemetry/access-log/queue.ts";
import { record, records } from "./support.ts";

const TEXT_FIELDS = Object.entries(fields)
  .filter(([, { kind }]) => kind === "text")
  .map(([name]) => name);

const idsOf = (batch: Batch | undefined): string[] =>
  batch === undefined ? [] : unpack(batch.pack()).map(({ requestId }) => requestId);

test("a record leaves as it came, whatever printable texts it has", () => {
  const strange = record({ path: '/"€😀', userAgent: "", ttfbMs: -1 });
  const queue = new BatchQueue(10, 2 ** 20);
  queue.add(strange, 0);
  queue.add(record(), 0);
  expect(unpack(queue.take(true)!.pack())).toEqual([strange, record()]);
});

test.each(["\u009B", "\\", "\n", "\u202E", "\uD800"])(
  "records arrive with %j escaped, and with plain texts as they came",
  (character) => {
    const queue = new BatchQueue(10, 2 ** 20);
    queue.add(record({ path: `/${character}`, userAgent: 'a "quoted" é' }), 0);
    queue.add(record(), 0);
    const packed = queue.take(true)!.pack();
    expect(unpack(packed)).toEqual([
      record({ path: escaped(`/${character}`), userAgent: 'a "quoted" é' }),
      record(),
    ]);
    expect(unpack(packed)[0]?.path).toMatch(/^\/\\/);
  },
);

test("what is kept verbatim arrives as it is, next to texts that are escaped", () => {
  const decisions = '{"error":"a \\"quoted\\" word"}';
  const queue = new BatchQueue(10, 2 ** 20);
  queue.add(record({ path: "/\\", decisions }), 0);
  queue.add(record(), 0);
  queue.add(record({ decisions: "{}", responseFields: decisions }), 0);
  expect(unpack(queue.take(true)!.pack())).toEqual([
    record({ path: String.raw`/\\`, decisions }),
    record(),
    record({ decisions: "{}", responseFields: decisions }),
  ]);
});

test("many rows leave as they came, whatever texts they share", () => {
  const queue = new BatchQueue(1000, 2 ** 20);
  const rows = Array.from({ length: 100 }, (_, index) =>
    record({
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
  const queue = new BatchQueue(2, 2 ** 20);
  for (const one of records(5)) queue.add(one, 0);
  expect(queue.hasFullBatch).toBe(true);
  expect(idsOf(queue.take(true))).toEqual(["0", "1"]);
  expect(idsOf(queue.take(true))).toEqual(["2", "3"]);
  expect(queue.take(false)).toBeUndefined();
  expect(idsOf(queue.take(true))).toEqual(["4"]);
  expect(queue.take(true)).toBeUndefined();
  expect(queue.rows).toBe(0);
});

const PLENTY = 2 ** 20;

test("a queue at its capacity takes no more until rows have left", () => {
  const two = new BatchQueue(2, PLENTY);
  for (const one of records(2)) two.add(one, 0);
  const bytes = two.take(true)!.bytes;

  const queue = new BatchQueue(2, 2 * bytes);
  let added = 0;
  while (queue.add(record(), 0)) added += 1;
  expect(added).toBeLessThan(6);
  expect(queue.bytes).toBeGreaterThanOrEqual(2 * bytes);
  expect(queue.add(record(), 0)).toBe(false);
  const left = queue.take(false)!.bytes;
  expect(queue.add(record(), left)).toBe(false);
  expect(queue.add(record(), 0)).toBe(true);
  queue.clear();
  expect(queue.rows).toBe(0);
  expect(queue.add(record(), 0)).toBe(true);
});

test.each(TEXT_FIELDS)(
  "however long the %s of rows is, they take up no more than their bound",
  (name) => {
    const queue = new BatchQueue(500, PLENTY);
    let added = 0;
    for (; added < 10_000; added += 1) {
      const long = record({ [name]: `${added}`.padEnd(14 * 1024, "é") });
      if (!queue.add(long, 0)) break;
    }
    // At most two bytes per character.
    expect(added).toBeLessThanOrEqual(PLENTY / (14 * 1024) + 1);
    expect(queue.bytes).toBeLessThan(PLENTY + 2 * 14 * 1024 + 16_384);
  },
);

test("a batch of long texts is full before its rows are many", () => {
  const queue = new BatchQueue(500, 2 ** 30);
  for (let row = 0; row < 400; row += 1) {
    queue.add(record({ path: `/${row}`.padEnd(1024, "a") }), 0);
  }
  expect(queue.hasFullBatch).toBe(true);
  expect(queue.take(false)!.rows).toBeLessThan(300);
});

test("records that are only counted pass the queue as such", () => {
  const queue = new BatchQueue(2, PLENTY);
  queue.add(record({ isLogged: false }), 0);
  queue.add(record(), 0);
  const batch = queue.take(false)!;
  expect([batch.rows, batch.logged]).toEqual([2, 1]);
  expect(unpack(batch.pack()).map(({ isLogged }) => isLogged)).toEqual([false, true]);
});
