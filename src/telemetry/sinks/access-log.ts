import { AccessLog } from "../access-log/access-log.ts";
import { createAccessLogWorker } from "../access-log/create-worker.ts";
import type { SinkKind } from "./sink.ts";

/** Memory for rows that wait for the database, about 150,000 typical ones. */
const MAX_QUEUED_BYTES = 64 * 2 ** 20;
/** A `kill -9` loses at most this many milliseconds of rows. */
const FLUSH_INTERVAL_MS = 200;
/** Larger batches are cheaper per row but delay requests: 1000 rows take about 5 ms. */
export const BATCH_ROWS = 500;

/** One row per exchange in SQLite. */
export const accessLog: SinkKind = {
  name: "access_log",
  open: ({ database, retention }, { logger, clock }) =>
    new AccessLog({
      database,
      maxAge: retention.max_age,
      maxRollupAge: retention.rollups,
      maxSize: retention.max_size,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      flushInterval: FLUSH_INTERVAL_MS,
      batchSize: BATCH_ROWS,
      clock,
      report: (level, message) => logger.log(level, message),
      createWorker: createAccessLogWorker,
    }),
  staysFor: (before, next) =>
    next.database === before.database && Bun.deepEquals(next.retention, before.retention),
};
