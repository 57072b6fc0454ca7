/**
 * Writes an access log as a gateway would, and says what a row costs.
 *
 *   bun test/bench/log/generate.ts FILE [ROWS] [DAYS]
 */
import { statSync } from "node:fs";
import { Store } from "../../../src/telemetry/access-log/store.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { traffic } from "./traffic.ts";

const ROWS_PER_BATCH = 500;

/** Appends the rows; answers the milliseconds that writing took, without making the rows. */
export function generate(file: string, rows: number, days: number, end = Date.now()): number {
  const store = Store.open(file, { maxAge: 0, maxRollupAge: 0, maxSize: 0 });
  let writing = 0;
  const append = (batch: readonly ExchangeRecord[]) => {
    const started = performance.now();
    store.append(batch);
    writing += performance.now() - started;
  };
  let batch: ExchangeRecord[] = [];
  for (const record of traffic({ rows, days, end })) {
    if (batch.push(record) < ROWS_PER_BATCH) continue;
    append(batch);
    batch = [];
  }
  append(batch);
  store.close();
  return writing;
}

if (import.meta.main) {
  const [file = "", rows = "1000000", days = "90"] = process.argv.slice(2);
  const writing = generate(file, Number(rows), Number(days));
  const bytes = statSync(file).size;
  await Bun.write(
    Bun.stdout,
    `${rows} rows: ${((writing * 1000) / Number(rows)).toFixed(2)} µs and ${(bytes / Number(rows)).toFixed(1)} bytes a row\n`,
  );
}
