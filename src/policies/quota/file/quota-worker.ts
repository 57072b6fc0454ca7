import { systemClock } from "../../../time/clock.ts";
import { CountWriter } from "./count-writer.ts";
import type { FileAnswer, FileRequest } from "./messages.ts";

declare const self: Worker;

function serve(scope: Worker): void {
  let writer: CountWriter | undefined;
  scope.addEventListener("message", ({ data: request }: MessageEvent<FileRequest>) => {
    if (request.kind === "open") {
      writer = new CountWriter(request.database, systemClock, (answer: FileAnswer) =>
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
        scope.postMessage(answer),
      );
    }
    writer?.receive(request);
  });
}

serve(self);
