import type { OpenCountFile } from "../quota.ts";
import { createQuotaWorker } from "./create-worker.ts";
import { WorkerFile } from "./worker-file.ts";

/** Opens the file of counts in a worker. */
export const openCountFile: OpenCountFile = (database, { clock, log }, onEmpty) =>
  new WorkerFile({ database, clock, log, onEmpty, createWorker: createQuotaWorker });
