import { systemClock } from "../../time/clock.ts";
import type { WriterAnswer, WriterRequest } from "./messages.ts";
import { Writer } from "./writer.ts";

declare const self: Worker;

function serve(scope: Worker): void {
  let writer: Writer | undefined;
  scope.addEventListener("message", ({ data: request }: MessageEvent<WriterRequest>) => {
    if (request.kind === "open") {
      writer = new Writer(request.database, request.limits, systemClock, (answer: WriterAnswer) =>
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
        scope.postMessage(answer),
      );
    }
    writer?.receive(request);
  });
}

serve(self);
