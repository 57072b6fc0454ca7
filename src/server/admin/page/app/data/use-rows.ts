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
  /** Of those that wait, the newest. */
  held: readonly ExchangeRow[];
  /** Whether there are rows between those that wait and those that are shown. */
  isTorn: boolean;
  skipped: number;
  next: string | null;
  /** Whose rows they are. */
  query: string | undefined;
  isLoading: boolean;
  searchedTo: string | undefined;
}

const START: State = {
  rows: undefined,
  problem: undefined,
  isPaused: false,
  waiting: 0,
  held: [],
  isTorn: false,
  skipped: 0,
  next: null,
  query: undefined,
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
    const { isPaused, query: before } = kept.current;
    if (isHidden || (isPaused && before === query)) return undefined;
    const abort = new AbortController();
    // A pause is of what was shown.
    change({ isLoading: true, skipped: 0, isPaused: false, held: [], waiting: 0, isTorn: false });
    askPage(query, "", abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return;
        const { rows = [], query: before } = kept.current;
        const newer = before === query ? newerThan(page.rows, rows) : [];
        const all = [...newer, ...page.rows];
        change({ ...pageState(page), rows: all, query, problem: undefined });
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
        const { rows = [], query: before, isPaused, waiting, held, isTorn } = kept.current;
        if (isPaused && before === query) {
          change({
            waiting: waiting + fresh.length + skipped,
            held: [...fresh, ...held].slice(0, MOST),
            isTorn: isTorn || skipped > 0 || held.length + fresh.length > MOST,
          });
          return;
        }
        change({
          // Those that are shown may still be of other filters.
          rows: added(fresh, before === query ? rows : []),
          query,
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
    pause: () => change({ isPaused: true, waiting: 0, held: [], isTorn: false }),
    resume: () => {
      const { rows = [], held, isTorn } = kept.current;
      change({
        isPaused: false,
        waiting: 0,
        held: [],
        isTorn: false,
        rows: isTorn ? rows : added(held, rows),
      });
      if (isTorn) restart(undefined);
    },
    async loadOlder() {
      const { next } = kept.current;
      if (next === null) return;
      // Old rows would be pushed out by new ones.
      const { isPaused } = kept.current;
      change({ isLoading: true, isPaused: true, ...(!isPaused && { waiting: 0, held: [] }) });
      try {
        const page = await askPage(query, next);
        const rows = [...(kept.current.rows ?? []), ...page.rows];
        const isTorn = kept.current.isTorn || rows.length > MOST;
        change({ ...pageState(page), rows: rows.slice(-MOST), isTorn });
      } catch (error) {
        change({ isLoading: false, problem: asProblem(error) });
      }
    },
  };
}

/** New rows before those that are known. */
function added(fresh: readonly ExchangeRow[], rows: readonly ExchangeRow[]): ExchangeRow[] {
  const known = new Set(rows.map(rowKey));
  return [...fresh.filter((row) => !known.has(rowKey(row))), ...rows].slice(0, MOST);
}

/** Rows that the stream told of and that are too new to be in a page of the log. */
function newerThan(page: readonly ExchangeRow[], rows: readonly ExchangeRow[]): ExchangeRow[] {
  const known = new Set(page.map(rowKey));
  const newest = page[0]?.timestamp ?? "";
  return rows.filter((row) => row.timestamp >= newest && !known.has(rowKey(row)));
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
