import { notes } from "../notes/companion.ts";
import { rollups } from "../rollups/companion.ts";
import { searchIndexKind } from "../search/search-index.ts";
import type { CompanionKind } from "./companion.ts";

/** Every kind of companion, in the order in which they are called. */
export const companionKinds: readonly CompanionKind[] = [rollups, notes, searchIndexKind];
