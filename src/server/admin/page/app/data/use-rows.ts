import { useEffect, useReducer, useRef } from "preact/hooks";
import { ApiError, get } from "./api.ts";
import { followRows, live } from "./live.ts";
import { useStore } from "./store.ts";
import type { ExchangePage, ExchangeRow } from "./types.ts";

/** Rows that are shown at most. */
const MOST = 500;
const PAGE = 100;

export interface Rows {
  /** Newest first; undefined until they are known. */
  readonly rows: readonly ExchangeRow[] | undefined;
  readonly problem: ApiError | undefined;
  readonly isPaused: boolean;
  /** New rows that a pause holds back. */
  readonly waiting: number;
  /** New rows that were too many to send. */
  readonly skipped: number;
  /** Whether there are older ones. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** How far back was looked, where the time was up before enough was found. */
  readonly searchedTo: string | undefined;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly loadOlder: () => Promise<void>;
}

interface State {
  rows: readonly ExchangeRow[] | undefined;
  problem: ApiError | undefined;
  isPaused: boolean;
  waiting: number;
  skipped: number;
  next: string | null;
  isLoading: boolean;
  searchedTo: string | undefined;
}

const START: State = {
  rows: undefined,
  problem: undefined,
  isPaused: false,
  waiting: 0,
  skipped: 0,
  next: null,
  isLoading: false,
  searchedTo: undefined,
};

/** What tells one row from another: those that are just being written have no id yet. */
export function rowKey({ request_id: id, timestamp }: ExchangeRow): string {
  return `${id} ${timestamp}`;
}

/** The requests that meet the filters, and new ones as they come. */
export function useRows(query: string): Rows {
  const kept = useRef<State>(START);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [round, restart] = useReducer((count: number) => count + 1, 0);
  const { generation, connection } = useStore(live);
  const isHidden = connection === "hidden";
  const change = (part: Partial<State>) => {
    kept.current = { ...kept.current, ...part };
    redraw(undefined);
  };

  useEffect(() => {
    if (isHidden || kept.current.isPaused) return undefined;
    const abort = new AbortController();
    change({ isLoading: true, skipped: 0 });
    askPage(query, "", abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return;
        change({ ...pageState(page), rows: page.rows, problem: undefined });
      },
      (error: unknown) => {
        if (!abort.signal.aborted)
          change({ isLoading: false, rows: [], problem: asProblem(error) });
      },
    );
    return () => abort.abort();
  }, [query, generation, isHidden, round]);

  useEffect(
    () =>
      followRows(query, (fresh, skipped) => {
        const { rows = [], isPaused, waiting } = kept.current;
        if (isPaused) return change({ waiting: waiting + fresh.length + skipped });
        const known = new Set(rows.slice(0, MOST).map(rowKey));
        const added = fresh.filter((row) => !known.has(rowKey(row)));
        change({
          rows: [...added, ...rows].slice(0, MOST),
          skipped: kept.current.skipped + skipped,
          problem: undefined,
        });
      }),
    [query],
  );

  const { current } = kept;
  return {
    ...current,
    hasMore: current.next !== null,
    pause: () => change({ isPaused: true, waiting: 0 }),
    resume: () => {
      change({ isPaused: false, waiting: 0 });
      restart(undefined);
    },
    async loadOlder() {
      const { next } = kept.current;
      if (next === null) return;
      // Old rows would be pushed out by new ones.
      change({ isLoading: true, isPaused: true });
      try {
        const page = await askPage(query, next);
        const rows = [...(kept.current.rows ?? []), ...page.rows];
        change({ ...pageState(page), rows: rows.slice(-MOST) });
      } catch (error) {
        change({ isLoading: false, problem: asProblem(error) });
      }
    },
  };
}

function askPage(query: string, cursor: string, signal?: AbortSignal): Promise<ExchangePage> {
  const more = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  return get<ExchangePage>(
    `exchanges?${query}${query === "" ? "" : "&"}limit=${PAGE}${more}`,
    signal,
  );
}

function pageState({ next, complete, searched_to: to }: ExchangePage): Partial<State> {
  return { next, isLoading: false, searchedTo: complete ? undefined : (to ?? undefined) };
}

function asProblem(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, String(error));
}
