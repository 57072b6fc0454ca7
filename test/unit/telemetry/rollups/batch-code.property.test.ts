import { expect, setDefaultTimeout, test } from "bun:test";
import {
  array,
  assert,
  constantFrom,
  integer,
  nat,
  property,
  record as recordOf,
} from "fast-check";
import { BatchEncoder, decodeBatch } from "../../../../src/telemetry/rollups/batch-code.ts";
import { BatchSums } from "../../../../src/telemetry/rollups/batch-sums.ts";
import { Sums } from "../../../../src/telemetry/rollups/sums.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { record } from "../access-log/support.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const NOON = Date.UTC(2026, 10, 23, 12);
const name = constantFrom("", "a", "b", '\u00fc \\ "', "x".repeat(300));
const exchanges = array(
  recordOf({
    timestamp: integer({ min: NOON, max: NOON + 59_999 }),
    route: name,
    backend: name,
    upstream: name,
    clientIp: name,
    subject: name,
    provider: name,
    model: name,
    refusedBy: name,
    statusCode: constantFrom(101, 200, 404, 503),
    latencyMs: constantFrom(0, 0.5, 10, 100_000),
    bytesIn: nat(2 ** 31),
    bytesOut: constantFrom(0, 127, 128, 2 ** 52),
    tokensIn: integer({ min: -1, max: 300 }),
  }),
  { minLength: 1, maxLength: 50 },
);

/** What can be compared: a histogram as its bytes. */
function plain({ latencies, ...sums }: Sums) {
  return { ...sums, latencies: [...latencies.encode()] };
}

test("a batch that is decoded has the sums that were encoded", () => {
  const encoder = new BatchEncoder();
  const sums = new BatchSums();
  assert(
    property(exchanges, (all) => {
      for (const minute of sums.of(all.map((one) => record(one)))) {
        const encoded = encoder.encode(minute);
        const { series, usage } = decodeBatch(minute.at, {
          texts: encoded.texts,
          sums: Uint8Array.from(encoded.sums),
        });
        const summed = (entry: (typeof series)[number]["sums"]) => {
          const one = new Sums();
          one.addEntry(entry);
          return plain(one);
        };
        expect(series.map(({ sums: entry, ...of }) => ({ ...of, sums: summed(entry) }))).toEqual(
          [...minute.series.values()].map((one) => ({ ...one, sums: plain(one.sums) })),
        );
        let entries = series.length;
        for (const { kind, entries: of } of usage) {
          entries += of.length;
          expect(of.map(({ value, sums: entry }) => [value, summed(entry)])).toEqual(
            [...minute.usage[kind]].map(([value, one]) => [value, plain(one)]),
          );
        }
        expect(encoded.entries).toBe(entries);
      }
    }),
  );
});

test("nothing is read of a batch that is damaged", () => {
  const [minute] = new BatchSums().of([record({ timestamp: NOON })]);
  if (minute === undefined) throw new Error("no minute");
  const { texts, sums } = new BatchEncoder().encode(minute);
  const isRead = (changes: { at?: number; texts?: string; sums?: Uint8Array }): boolean => {
    const { series, usage } = decodeBatch(changes.at ?? minute.at, { texts, sums, ...changes });
    return series.length > 0 || usage.some(({ entries }) => entries.length > 0);
  };
  expect(isRead({})).toBe(true);
  for (let length = 0; length < sums.length; length += 1) {
    expect(isRead({ sums: sums.slice(0, length) })).toBe(false);
    const flipped = sums.with(length, (sums[length] ?? 0) ^ 0xff);
    expect(isRead({ sums: flipped })).toBe(false);
  }
  expect(isRead({ sums: new Uint8Array(20).fill(0xff) })).toBe(false);
  expect(isRead({ texts: "[" })).toBe(false);
  expect(isRead({ at: minute.at + 60 })).toBe(false);
});
