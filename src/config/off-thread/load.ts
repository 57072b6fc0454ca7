import { errorLine } from "../../units/error-line.ts";
import type { RestoredText } from "../history/restored-text.ts";
import type { Loaded } from "../load.ts";
import type { RouteConfig } from "../schema.ts";
import type { Diagnostic } from "../../documents/text/diagnostics.ts";
import type { LoadAnswer, LoadRequest } from "./messages.ts";

/** A configuration file that cannot be read; `code` is the system's, like ENOENT. */
export class UnreadableFileError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Reads and checks a configuration file on its own thread, which ends afterwards, so that neither the
 * work nor its garbage delays the calling thread. Rejects with an UnreadableFileError, or with an Error
 * if the worker fails.
 */
export async function loadOffThread(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
  createWorker: () => Worker,
): Promise<Loaded> {
  const dialogue = new Dialogue(createWorker());
  try {
    const loaded = await dialogue.ask({ kind: "load", file, environment });
    if (loaded.kind === "unreadable") throw new UnreadableFileError(loaded.code, loaded.message);
    if (loaded.kind !== "loaded") throw new Error(`unexpected answer: ${loaded.kind}`);
    const { routes, diagnostics } = await piecesFrom(dialogue);
    const { source } = loaded;
    return { config: loaded.config && { ...loaded.config, routes }, diagnostics, source };
  } finally {
    dialogue.end();
  }
}

/** `restoredText` on its own thread. Rejects with an Error if the worker fails. */
export async function restoreOffThread(
  stored: string,
  present: string,
  createWorker: () => Worker,
): Promise<RestoredText> {
  const dialogue = new Dialogue(createWorker());
  try {
    const answer = await dialogue.ask({ kind: "restore", stored, present });
    if (answer.kind !== "restored") throw new Error(`unexpected answer: ${answer.kind}`);
    return answer.restored;
  } finally {
    dialogue.end();
  }
}

async function piecesFrom(dialogue: Dialogue) {
  const routes: RouteConfig[] = [];
  const diagnostics: Diagnostic[] = [];
  for (;;) {
    const piece = await dialogue.ask({ kind: "next" });
    if (piece.kind !== "piece") throw new Error(`unexpected answer: ${piece.kind}`);
    if (piece.routes.length + piece.diagnostics.length === 0) return { routes, diagnostics };
    routes.push(...piece.routes);
    diagnostics.push(...piece.diagnostics);
  }
}

/** Questions to a worker, one at a time. */
class Dialogue {
  readonly #worker: Worker;
  #answered: (answer: LoadAnswer) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(worker: Worker) {
    this.#worker = worker;
    let reason = "its thread ended";
    worker.addEventListener("message", ({ data }: MessageEvent<LoadAnswer>) =>
      this.#answered(data),
    );
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      reason = errorLine(event.message);
    });
    // Follows every error too: in Bun an uncaught one ends the worker.
    worker.addEventListener("close", () =>
      this.#failed(new Error(`the configuration could not be read: ${reason}`)),
    );
  }

  /** Rejects when the worker dies of it. */
  ask(request: LoadRequest): Promise<LoadAnswer> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
      this.#worker.postMessage(request);
    });
  }

  end(): void {
    this.#worker.terminate();
  }
}
