import { setPriority } from "node:os";
import type { QueryMessage } from "./messages.ts";
import { QueryServer } from "./serve-queries.ts";

declare const self: Worker;

/** Traffic comes first where both want the same core. */
const NICENESS = 10;

function serve(scope: Worker): void {
  // Elsewhere a priority is the whole process's.
  if (process.platform === "linux") setPriority(0, NICENESS);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
  const server = new QueryServer((reply) => scope.postMessage(reply));
  scope.addEventListener("message", ({ data }: MessageEvent<QueryMessage>) => server.receive(data));
}

serve(self);
