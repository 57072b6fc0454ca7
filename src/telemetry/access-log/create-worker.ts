/**
 * Starts the access log's worker. In a compiled binary all modules live in one directory, where this
 * finds the worker if its file was built as an entry point of its own, named `[name].[ext]`.
 */
export function createAccessLogWorker(): Worker {
  return new Worker(new URL("./access-log-worker.ts", import.meta.url));
}
