import { globTest } from "../query/glob.ts";
import { type Block, type BlockReader, halves } from "./block-reader.ts";
import { PART } from "./columns.ts";
import { decodeGroups, hasTriples, type PathGroup, triplesOf } from "./path-groups.ts";
import type { Places } from "./places.ts";

/** Rows of a block that are read one by one rather than the block's paths. */
const FEW = 4;
const LINE_END = 0x0a;

/** A pattern, in which only `*` means something, as it is compared with the bytes of lines. */
export class PathProbe {
  readonly #needles: readonly Buffer[];
  readonly #triples: readonly Uint16Array[];
  /** Of a line as a text with a character for each byte. */
  readonly #test: (line: string) => boolean;
  #block: Block | undefined;
  #groups: readonly PathGroup[] = [];

  constructor(glob: string) {
    this.#needles = piecesOf(glob)
      .map((piece) => Buffer.from(piece))
      .sort((a, b) => b.length - a.length);
    this.#triples = this.#needles.map(triplesOf);
    this.#test = globTest(Buffer.from(glob).toString("latin1"));
  }

  /** Keeps rows in whose group of paths the pattern may be. */
  keepByGroups(block: Block, reader: BlockReader, places: Places): void {
    const data = reader.part(block, PART.pathGroups);
    if (data === undefined) return;
    const groups = decodeGroups(data);
    const found = groups.filter((group) => this.#triples.every((one) => hasTriples(group, one)));
    this.#block = block;
    this.#groups = found;
    if (found.length === 0) places.clear();
    if (found.length === 0 || found.length === groups.length) return;
    const accepted = new Uint8Array(countOf(groups));
    for (const { first, count } of found) accepted.fill(1, first, first + count);
    keep(block, reader, places, accepted);
  }

  /** Keeps rows whose path matches, after `keepByGroups`; few rows are left as they are. */
  keepByPaths(block: Block, reader: BlockReader, places: Places): void {
    if (places.count <= FEW || this.#block !== block) return;
    const data = reader.part(block, PART.paths);
    if (data === undefined) return;
    const accepted = new Uint8Array(countOf(this.#groups));
    let isAny = false;
    for (const { first, from, bytes } of this.#groups) {
      const lines = Buffer.from(data.buffer, data.byteOffset + from, bytes);
      if (this.#accept(lines, accepted, first)) isAny = true;
    }
    if (isAny) keep(block, reader, places, accepted);
    else places.clear();
  }

  /** Sets a 1 for each line that matches. True if any does. */
  #accept(lines: Buffer, accepted: Uint8Array, first: number): boolean {
    const [needle = NO_BYTES, ...others] = this.#needles;
    let found = lines.indexOf(needle);
    if (found === -1 || !others.every((other) => lines.includes(other))) return false;
    let isAny = false;
    let line = 0;
    // Before the first line is a line end.
    let counted = 1;
    while (found !== -1 && found < lines.length - 1) {
      // A needle that begins with a line end belongs to the line after it.
      const begin = lines.lastIndexOf(LINE_END, found) + 1;
      const end = lines.indexOf(LINE_END, begin);
      if (this.#test(lines.toString("latin1", begin, end))) {
        for (; counted < begin; counted += 1) if (lines[counted] === LINE_END) line += 1;
        accepted[first + line] = 1;
        isAny = true;
      }
      // The line end before the next line may begin the needle.
      found = lines.indexOf(needle, end);
    }
    return isAny;
  }
}

const NO_BYTES = Buffer.alloc(0);

/** The paths of a block with these groups, as far as they are known. */
function countOf(groups: readonly PathGroup[]): number {
  const last = groups.at(-1);
  return last === undefined ? 0 : last.first + last.count;
}

function keep(block: Block, reader: BlockReader, places: Places, accepted: Uint8Array): void {
  const ofRow = reader.part(block, PART.pathOfRow);
  if (ofRow === undefined) return;
  // If the block has few paths.
  const isNarrow = ofRow.length === block.rows;
  places.keepCodes(isNarrow ? ofRow : halves(ofRow), accepted);
}

/** The parts of a pattern as they stand in lines: the first begins one, the last ends one. */
function piecesOf(glob: string): string[] {
  const parts = glob.split("*");
  const last = parts.length - 1;
  return parts
    .map((part, at) =>
      part === "" ? "" : `${at === 0 ? "\n" : ""}${part}${at === last ? "\n" : ""}`,
    )
    .filter((piece) => piece !== "");
}
