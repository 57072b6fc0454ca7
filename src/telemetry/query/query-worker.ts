import type { QueryMessage } from "./messages.ts";
import { QueryServer } from "./serve-queries.ts";

declare const self: Worker;

function serve(scope: Worker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
  const server = new QueryServer((reply) => scope.postMessage(reply));
  scope.addEventListener("message", ({ data }: MessageEvent<QueryMessage>) => server.receive(data));
}

serve(self);
