import { ask } from "./ask.ts";
import type { Stage } from "./stage.ts";

export interface Load {
  /** Ids of the requests that were answered so far. */
  readonly answered: readonly string[];
  /** Resolves when that many more requests have been answered. */
  more(count: number): Promise<void>;
  /** Resolves when the requests in flight have been answered. */
  stop(): Promise<void>;
}

/** Sends GETs to a URL, a few at a time, until it is stopped; the stage stops it at the latest. */
export function startLoad(stage: Stage, url: string, clients = 4): Load {
  const answered: string[] = [];
  const waiting: { at: number; resolve: () => void }[] = [];
  const load = { isStopped: false };
  const client = async () => {
    while (!load.isStopped) {
      const response = await ask(url);
      await response.bytes();
      answered.push(response.headers.get("x-request-id") ?? "");
      for (const { at, resolve } of waiting) if (answered.length >= at) resolve();
    }
  };
  const ended = Promise.all(Array.from({ length: clients }, client)).then(() => undefined);
  ended.catch(() => undefined);
  const stop = () => {
    load.isStopped = true;
    return ended;
  };
  stage.defer(() => stop().catch(() => undefined));
  return {
    answered,
    more(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ at: answered.length + count, resolve });
      return Promise.race([promise, ended]);
    },
    stop,
  };
}
