import type { Database, Statement } from "bun:sqlite";
import { FORMAT } from "./block-file.ts";
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
  readonly summary: Uint8Array;
}

const BLOCKS_PER_STEP = 64;

/** Reads the index. Dispose of it when the query ends. */
export class BlockReader {
  readonly #blocks: Statement<StoredBlock, [number]>;
  readonly #part: Statement<{ data: Uint8Array }, [number]>;

  constructor(db: Database) {
    this.#blocks = db.query(
      `SELECT first, last, rows, from_time, to_time, summary FROM search_blocks
       WHERE first < ? AND format = ${FORMAT} ORDER BY first DESC LIMIT ${BLOCKS_PER_STEP}`,
    );
    this.#part = db.query("SELECT data FROM search_parts WHERE id = ?");
  }

  /** The blocks with rows below an id, the newest first. */
  *blocks(below: number): Generator<Block, void> {
    for (let end = below; ;) {
      const found = this.#blocks.all(end);
      for (const { first, last, rows, from_time: from, to_time: to, summary } of found) {
        yield { first, last, rows, from, to, words: words(summary) };
        end = first;
      }
      if (found.length < BLOCKS_PER_STEP) return;
    }
  }

  /** The data of a part; undefined if the block does not have it. */
  part({ first }: Block, part: number): Uint8Array | undefined {
    return this.#part.get(first * PARTS + part)?.data;
  }

  /** The ids of a block's rows by their places; undefined if they have no gaps. */
  ids(block: Block): Float64Array | undefined {
    if (block.last - block.first + 1 === block.rows) return undefined;
    const data = this.part(block, PART.ids);
    return data === undefined ? undefined : new Float64Array(aligned(data, 8));
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
