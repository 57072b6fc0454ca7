import type { Database } from "bun:sqlite";
import type { CompanionKind } from "../access-log/companion.ts";
import { BatchMerger } from "./batch-merger.ts";
import { backfill } from "./backfill.ts";
import { deleteOldestRollups, deleteRollupsBefore, deleteUsageMinutes } from "./retention.ts";
import { RollupWriter } from "./rollup-writer.ts";
import { rollupTables } from "./tables.ts";

/** Sums of all exchanges by minute, hour and day, those without rows too. */
export const rollups: CompanionKind = {
  parts: rollupTables,
  open(db) {
    const writer = new RollupWriter(db);
    return {
      append: (_rows, _firstId, all) => writer.add(all),
      closing: () => mergeSome(db, writer),
      close: () => writer.close(),
    };
  },
  *retention(db, { maxRollupAge }, now) {
    const oldest = maxRollupAge > 0 ? now - maxRollupAge : 0;
    yield* mergeAll(db);
    yield* backfillOnce(db, oldest);
    yield* deleteUsageMinutes(db, now / 1_000);
    if (maxRollupAge > 0) yield* deleteRollupsBefore(db, oldest / 1_000);
  },
  deleteOldest: deleteOldestRollups,
};

/** Merges batches in a transaction of its own. True if more are left. */
const mergeSome = (db: Database, merger: Pick<BatchMerger, "merge">): boolean =>
  db.transaction(() => merger.merge()).immediate();

function* mergeAll(db: Database): Generator<void, void> {
  // Looking takes no lock.
  if (db.query("SELECT id FROM rollup_batches LIMIT 1").get() === null) return;
  const merger = new BatchMerger(db);
  try {
    while (mergeSome(db, merger)) yield;
  } finally {
    merger.close();
  }
}

function* backfillOnce(db: Database, oldest: number): Generator<void, void> {
  const state = db.query<{ last_id: number }, []>("SELECT last_id FROM rollup_backfill").get();
  if (state === null || state.last_id <= 0) return;
  const writer = new RollupWriter(db);
  try {
    yield* backfill(db, writer, oldest);
  } finally {
    writer.close();
  }
}
