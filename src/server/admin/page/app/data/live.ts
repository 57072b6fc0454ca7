import { readSession, session } from "./api.ts";
import { Store } from "./store.ts";
import type { ExchangeRow, LiveSecond } from "./types.ts";

/** Seconds that are kept of the past. */
export const LIVE_SECONDS = 300;

const FIRST_RETRY = 500;
const LONGEST_RETRY = 4000;
/** The gateway sends something every 15 seconds. A connection that is silent for longer is dead. */
const SILENCE = 40_000;

type Connection = "connecting" | "live" | "away" | "hidden";

interface Live {
  readonly connection: Connection;
  /** Grows with each new connection: what was fetched before may be old. */
  readonly generation: number;
}

/** How it stands with the stream of events. */
export const live = new Store<Live>({ connection: "connecting", generation: 0 });
/** The last seconds, oldest first; at most LIVE_SECONDS. */
export const seconds = new Store<readonly LiveSecond[]>([]);
/** Grows whenever the health, the breaker or the ejection of a backend has changed. */
export const backendChanges = new Store(0);
/** Grows when another configuration has come into force. */
export const configurationChanges = new Store(0);

type RowsListener = (rows: readonly ExchangeRow[], skipped: number) => void;

let source: EventSource | undefined;
let filters = "";
let rowsListener: RowsListener | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let retryAfter = FIRST_RETRY;
let heardAt = 0;

/**
 * Connects, and again whenever the connection is lost; not while the page is hidden. Answers how to end
 * it.
 */
export function startLive(): () => void {
  const seen = () => {
    if (!document.hidden) return connect();
    disconnect();
    live.change({ connection: "hidden" });
  };
  document.addEventListener("visibilitychange", seen);
  const watch = setInterval(() => {
    if (source !== undefined && performance.now() - heardAt > SILENCE) lost();
  }, SILENCE / 4);
  connect();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    clearInterval(watch);
    disconnect();
  };
}

/**
 * Has the rows that meet the filters sent to a listener, newest first. Answers how to end it.
 * @param query the filters as a URL's query
 */
export function followRows(query: string, listener: RowsListener): () => void {
  rowsListener = listener;
  refilter(query);
  return () => {
    if (rowsListener !== listener) return;
    rowsListener = undefined;
    refilter("");
  };
}

function refilter(query: string): void {
  const wanted = rowsListener === undefined ? "" : `rows=on&${query}`;
  if (wanted === filters) return;
  filters = wanted;
  // At the end of this turn: what follows other filters often stops following first.
  queueMicrotask(() => {
    if (wanted === filters && source !== undefined) connect();
  });
}

function disconnect(): void {
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

function connect(): void {
  disconnect();
  if (document.hidden || session.value?.authenticated !== true) return;
  const rows = filters === "" ? "rows=off" : filters;
  const opened = new EventSource(`api/live?history=${LIVE_SECONDS}&${rows}`);
  source = opened;
  heardAt = performance.now();
  const on = (event: string, handle: (data: unknown) => void) =>
    opened.addEventListener(event, ({ data }: MessageEvent<string>) => {
      heardAt = performance.now();
      handle(JSON.parse(data));
    });
  opened.addEventListener("open", () => {
    retryAfter = FIRST_RETRY;
    live.set({ connection: "live", generation: live.value.generation + 1 });
  });
  // What a browser does by itself gives up at any answer but 200.
  opened.addEventListener("error", lost);
  on("second", (told) => {
    const second = told as LiveSecond & { routes?: unknown; backends?: unknown };
    // Five minutes of them would be most of what this page keeps.
    delete second.routes;
    delete second.backends;
    // What is sent first may be known already.
    if (second.at <= (seconds.value.at(-1)?.at ?? "")) return;
    seconds.set([...seconds.value.slice(1 - LIVE_SECONDS), second]);
  });
  on("rows", (told) => {
    const { rows, skipped } = told as { rows: ExchangeRow[]; skipped: number };
    rowsListener?.(rows.toReversed(), skipped);
  });
  on("backends", () => backendChanges.set(backendChanges.value + 1));
  on("configuration", () => configurationChanges.set(configurationChanges.value + 1));
}

function lost(): void {
  disconnect();
  live.change({ connection: "away" });
  retry = setTimeout(() => void reconnect(), retryAfter);
  retryAfter = Math.min(retryAfter * 2, LONGEST_RETRY);
}

/** A session may have ended with the gateway, or the token have changed. */
async function reconnect(): Promise<void> {
  try {
    const { authenticated } = await readSession();
    if (authenticated) connect();
  } catch {
    lost();
  }
}
