import { useEffect, useReducer, useRef } from "preact/hooks";
import { ApiError, get } from "./api.ts";
import { live } from "./live.ts";
import { useStore } from "./store.ts";

export interface Data<Answer> {
  /** The last answer. It stays while the next one is on its way, so that nothing jumps. */
  readonly value: Answer | undefined;
  /** Why there is none, or why it is old; undefined if all is well. */
  readonly problem: ApiError | undefined;
  /** Whether the value is of another path than the one that is wanted. */
  readonly isOld: boolean;
  readonly reload: () => void;
}

interface Kept<Answer> {
  path: string | undefined;
  value: Answer | undefined;
  problem: ApiError | undefined;
}

/**
 * Asks the API, and again every so many milliseconds, whenever the gateway comes back, and when the path or
 * `again` changes. Not while the page is hidden. An undefined path asks nothing.
 */
export function useData<Answer>(
  path: string | undefined,
  every = 0,
  again?: unknown,
): Data<Answer> {
  const kept = useRef<Kept<Answer>>({ path: undefined, value: undefined, problem: undefined });
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [round, reload] = useReducer((count: number) => count + 1, 0);
  const { generation, connection } = useStore(live);
  const isHidden = connection === "hidden";

  useEffect(() => {
    if (path === undefined || isHidden) return undefined;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const value = await get<Answer>(path, abort.signal);
        if (abort.signal.aborted) return;
        kept.current = { path, value, problem: undefined };
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = error instanceof ApiError ? error : new ApiError(0, String(error));
        const { current } = kept;
        kept.current = {
          ...current,
          value: current.path === path ? current.value : undefined,
          problem,
        };
      }
      redraw(undefined);
      if (every > 0) timer = setTimeout(() => void ask(), every);
    };
    void ask();
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [path, every, again, generation, isHidden, round]);

  const { value, problem, path: keptPath } = kept.current;
  return { value, problem, isOld: keptPath !== path, reload: () => reload(undefined) };
}
