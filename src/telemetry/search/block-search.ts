import type { Filters } from "../query/filters.ts";
import type { Block, BlockReader } from "./block-reader.ts";
import { Places } from "./places.ts";
import { type Outlook, type Probe, probesOf } from "./probes.ts";

/** Ids of rows that may meet the filters. */
export interface Candidates {
  readonly count: number;
  /** The id of the candidate at a place, from the oldest on. */
  id(at: number): number;
}

type Some = Extract<Outlook, { kind: "some" }>;

/** Searches blocks of the index for rows that meet filters. */
export class BlockSearch {
  readonly #reader: BlockReader;
  readonly #probes: readonly Probe[];

  constructor(reader: BlockReader, filters: Filters) {
    this.#reader = reader;
    this.#probes = probesOf(filters);
  }

  /**
   * The rows of a block that may be meant. All that are meant are among them, and most others are not.
   * Undefined if the block cannot tell.
   */
  candidates(block: Block): Candidates | undefined {
    const outlooks: Some[] = [];
    for (const probe of this.#probes) {
      const outlook = probe(block);
      if (outlook.kind === "none") return NO_CANDIDATES;
      if (outlook.kind === "some") outlooks.push(outlook);
    }
    // Those that leave few come first: the parts of the others may not have to be read.
    outlooks.sort((a, b) => a.share - b.share);
    const places = new Places(block.rows);
    for (const outlook of outlooks) {
      outlook.narrow(this.#reader, places);
      if (places.count === 0) return NO_CANDIDATES;
    }
    const idAt = this.#reader.idAt(block);
    if (idAt === undefined) return undefined;
    return { count: places.count, id: (at) => idAt(places.at(at)) };
  }
}

const NO_CANDIDATES: Candidates = { count: 0, id: () => 0 };
