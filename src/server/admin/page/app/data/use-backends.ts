import { backendChanges } from "./live.ts";
import { useStore } from "./store.ts";
import type { Backends } from "./types.ts";
import { type Data, useData } from "./use-data.ts";

/** The backends, asked for again as soon as the state of one has changed. */
export function useBackends(since: string, every: number): Data<Backends> {
  return useData<Backends>(`backends?${since}`, every, useStore(backendChanges));
}
