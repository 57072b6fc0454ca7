import { readFileSync } from "node:fs";
import { loadConfig } from "../load.ts";
import type { RouteConfig } from "../schema.ts";
import type { LoadAnswer, LoadRequest } from "./messages.ts";

declare const self: Worker;

/** Routes that are handed over at a time: taking them in costs the asking thread about 1 ms. */
const PIECE = 100;

function serve(scope: Worker): void {
  let routes: readonly RouteConfig[] = [];
  let sent = 0;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
  const answer = (message: LoadAnswer) => scope.postMessage(message);
  scope.addEventListener("message", ({ data: request }: MessageEvent<LoadRequest>) => {
    if (request.kind === "next") {
      answer({ kind: "routes", routes: routes.slice(sent, sent + PIECE) });
      sent += PIECE;
      return;
    }
    let text: string;
    try {
      text = readFileSync(request.file, "utf8");
    } catch (error) {
      answer(unreadable(error));
      return;
    }
    const { config, diagnostics } = loadConfig(request.file, text, request.environment);
    if (config === undefined) {
      answer({ kind: "loaded", config, diagnostics });
      return;
    }
    const { routes: all, ...head } = config;
    routes = all;
    answer({ kind: "loaded", config: head, diagnostics });
  });
}

function unreadable(error: unknown): LoadAnswer {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  return { kind: "unreadable", code: String(code), message: String(error) };
}

serve(self);
