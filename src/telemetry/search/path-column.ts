import type { IndexedRow } from "./indexed-row.ts";
import { MOST_BYTE_CODES, PART } from "./columns.ts";
import { bytesOf, type EncodedPart, NO_SUMMARY, VALUES } from "./encoded-part.ts";
import { encodeGroups } from "./path-groups.ts";
import { TextPlaces } from "./text-places.ts";

const UTF8 = new TextEncoder();

/** Longer paths, such as an attacker's, are not worth their room: their rows are compared one by one. */
const MOST_CHARACTERS = 2 ** 19;

/** Further routes' paths are in the last group. */
const MOST_GROUPS = 64;

/** Paths are kept as they are, for patterns; see path-groups.ts. */
export class PathColumn {
  readonly #codes: Uint16Array;
  readonly #paths: TextPlaces;
  readonly #groups = new Map<string, number>();
  #groupOfPath: number[] = [];
  #characters = 0;

  constructor(capacity: number) {
    this.#codes = new Uint16Array(capacity);
    this.#paths = new TextPlaces(capacity);
  }

  add(rows: readonly IndexedRow[], from: number, to: number, at: number): void {
    for (let row = from; row < to; row += 1) {
      const { path, route } = rows[row] as IndexedRow;
      this.#codes[at + row - from] = this.#placeOf(path, route);
    }
  }

  take(rows: number): [number, EncodedPart][] {
    const { texts } = this.#paths;
    const codes = this.#codes.slice(0, rows);
    const isTooLong = this.#characters > MOST_CHARACTERS;
    const grouped = inGroups(this.#groupOfPath, this.#groups.size);
    this.#paths.clear();
    this.#groupOfPath = [];
    this.#groups.clear();
    this.#characters = 0;
    // Rows of a gateway have no line ends in them; another program's are compared one by one.
    if (isTooLong || texts.some((text) => text.includes("\n"))) return [];
    const lines = grouped.map((places) =>
      UTF8.encode(`\n${places.map((place) => texts[place]).join("\n")}\n`),
    );
    const counts = grouped.map(({ length }) => length);
    const parts: [number, EncodedPart][] = [
      [PART.pathGroups, { summary: VALUES, data: encodeGroups(counts, lines) }],
      [PART.paths, { summary: NO_SUMMARY, data: Buffer.concat(lines) }],
    ];
    if (texts.length === 1) return parts;
    const placeInData = new Uint16Array(texts.length);
    for (const [place, text] of grouped.flat().entries()) placeInData[text] = place;
    for (let at = 0; at < rows; at += 1) codes[at] = placeInData[codes[at] as number] as number;
    const isNarrow = texts.length <= MOST_BYTE_CODES;
    const ofRow = isNarrow ? new Uint8Array(codes) : bytesOf(codes);
    return [...parts, [PART.pathOfRow, { summary: NO_SUMMARY, data: ofRow }]];
  }

  #placeOf(path: string, route: string): number {
    if (this.#characters > MOST_CHARACTERS) return 0;
    const place = this.#paths.placeOf(path);
    if (place === this.#groupOfPath.length) {
      this.#characters += path.length;
      this.#groupOfPath.push(this.#groupOf(route));
    }
    return place;
  }

  #groupOf(route: string): number {
    let group = this.#groups.get(route);
    if (group === undefined) {
      group = Math.min(this.#groups.size, MOST_GROUPS - 1);
      this.#groups.set(route, group);
    }
    return group;
  }
}

/** Places of paths by their groups. */
function inGroups(groupOfPath: readonly number[], count: number): number[][] {
  const groups: number[][] = Array.from({ length: Math.min(count, MOST_GROUPS) }, () => []);
  for (const [place, group] of groupOfPath.entries()) groups[group]?.push(place);
  return groups;
}
