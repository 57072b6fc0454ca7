import type { Database, Statement } from "bun:sqlite";
import { opened } from "../sealed.ts";
import { FORMAT } from "./block-file.ts";
import { blockSeed, partSeed } from "./checksum.ts";
import { PART, PARTS } from "./columns.ts";

/** A block of the index, without its parts. */
export interface Block {
  /** The ids of its oldest and its newest row. */
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  /** The times of the earliest and the latest row, in epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** See `summaryOf`. */
  readonly words: Uint32Array;
}

interface StoredBlock {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly from_time: number;
  readonly to_time: number;
  readonly summary: unknown;
}

const BLOCKS_PER_STEP = 64;

/** Reads the index. Dispose of it when the query ends. */
export class BlockReader {
  readonly #blocks: Statement<StoredBlock, [number]>;
  readonly #part: Statement<{ data: unknown }, [number]>;

  constructor(db: Database) {
    this.#blocks = db.query(
      `SELECT first, last, rows, from_time, to_time, summary FROM search_blocks
       WHERE first < ? AND format = ${FORMAT} ORDER BY first DESC LIMIT ${BLOCKS_PER_STEP}`,
    );
    this.#part = db.query("SELECT data FROM search_parts WHERE id = ?");
  }

  /** The blocks with rows below an id, the newest first, without those that are damaged. */
  *blocks(below: number): Generator<Block, void> {
    for (let end = below; ;) {
      const found = this.#blocks.all(end);
      for (const { first, last, rows, from_time: from, to_time: to, summary } of found) {
        end = first;
        const data = opened(summary, blockSeed({ first, last, rows, from, to }));
        if (data !== undefined) yield { first, last, rows, from, to, words: words(data) };
      }
      if (found.length < BLOCKS_PER_STEP) return;
    }
  }

  /** The data of a part; undefined if it is missing or damaged, and nothing is known of the rows. */
  part({ first }: Block, part: number): Uint8Array | undefined {
    const id = first * PARTS + part;
    return opened(this.#part.get(id)?.data, partSeed(id));
  }

  /** The id of a row by its place in a block; undefined if that is not known. */
  idAt(block: Block): ((place: number) => number) | undefined {
    const { first, last, rows } = block;
    if (last - first + 1 === rows) return (place) => first + place;
    const data = this.part(block, PART.ids);
    if (data === undefined) return undefined;
    const ids = new Float64Array(aligned(data, 8));
    return (place) => ids[place] ?? last;
  }
}

/** Numbers of 32 bits. */
export const words = (data: Uint8Array): Uint32Array => {
  const whole = data.byteOffset % 4 === 0 ? data : data.slice();
  return new Uint32Array(whole.buffer, whole.byteOffset, whole.byteLength >> 2);
};

/** Numbers of 16 bits. */
export const halves = (data: Uint8Array): Uint16Array => {
  const whole = data.byteOffset % 2 === 0 ? data : data.slice();
  return new Uint16Array(whole.buffer, whole.byteOffset, whole.byteLength >> 1);
};

function aligned(data: Uint8Array, size: number): ArrayBuffer {
  return data.slice(0, data.byteLength - (data.byteLength % size)).buffer;
}
