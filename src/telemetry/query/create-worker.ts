/** Starts a worker that answers queries. See createAccessLogWorker for how it is found. */
export function createQueryWorker(): Worker {
  return new Worker(new URL("./query-worker.ts", import.meta.url));
}
