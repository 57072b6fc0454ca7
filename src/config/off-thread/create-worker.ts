/** Starts a worker that reads configurations. See createAccessLogWorker for how it is found. */
export function createConfigWorker(): Worker {
  return new Worker(new URL("./config-worker.ts", import.meta.url));
}
