/**
 * Starts the access log's worker. In a compiled binary all modules are in one directory; the worker
 * is found there if it was built as an entry point named `[name].[ext]`.
 */
export function createAccessLogWorker(): Worker {
  return new Worker(new URL("./access-log-worker.ts", import.meta.url));
}
