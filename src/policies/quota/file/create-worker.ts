/**
 * Starts the worker for the file of quotas. In a compiled binary all modules are in one directory; the
 * worker is found there if it was built as an entry point named `[name].[ext]`.
 */
export function createQuotaWorker(): Worker {
  return new Worker(new URL("./quota-worker.ts", import.meta.url));
}
