import { readFileSync } from "node:fs";
import { restoredText } from "../history/restored-text.ts";
import { loadWithSource } from "../history/source.ts";
import type { RouteConfig } from "../schema.ts";
import type { Diagnostic } from "../../documents/text/diagnostics.ts";
import type { LoadAnswer, LoadRequest } from "./messages.ts";

declare const self: Worker;

/** What is handed over at a time: taking in a hundred routes costs the asking thread about 1 ms. */
const PIECE = 100;

function serve(scope: Worker): void {
  let routes: readonly RouteConfig[] = [];
  let diagnostics: readonly Diagnostic[] = [];
  let sent = 0;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
  const answer = (message: LoadAnswer) => scope.postMessage(message);
  scope.addEventListener("message", ({ data: request }: MessageEvent<LoadRequest>) => {
    if (request.kind === "next") {
      const next = <Item>(items: readonly Item[]) => items.slice(sent, sent + PIECE);
      answer({ kind: "piece", routes: next(routes), diagnostics: next(diagnostics) });
      sent += PIECE;
      return;
    }
    if (request.kind === "restore") {
      answer({ kind: "restored", restored: restoredText(request.stored, request.present) });
      return;
    }
    let text: string;
    try {
      text = readFileSync(request.file, "utf8");
    } catch (error) {
      answer(unreadable(error));
      return;
    }
    const loaded = loadWithSource(request.file, text, request.environment);
    diagnostics = loaded.diagnostics;
    if (loaded.config === undefined) {
      answer({ kind: "loaded", config: undefined });
      return;
    }
    const { routes: all, ...config } = loaded.config;
    routes = all;
    answer({ kind: "loaded", config, source: loaded.source });
  });
}

function unreadable(error: unknown): LoadAnswer {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  return { kind: "unreadable", code: String(code), message: String(error) };
}

serve(self);
