import { PARTS } from "./columns.ts";

/** A block of the index as it is written. */
export interface EncodedBlock {
  /** The ids of its oldest and its newest row. */
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  /** The times of the earliest and the latest row, in epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly summary: Uint8Array;
  readonly parts: readonly (readonly [part: number, data: Uint8Array])[];
}

/** What is known of a part without reading it. */
export type PartSummary =
  | { readonly kind: "none" }
  /** All rows have this value; there is no data. */
  | { readonly kind: "constant"; readonly value: number }
  /** The data has a byte for each row, the place of its value in `values`. */
  | { readonly kind: "codes"; readonly values: ArrayLike<number> }
  /** The same with `count` values of 32 bits, which stand before the bytes. */
  | { readonly kind: "long codes"; readonly count: number }
  /** The data has a value of 16 bits for each row, or texts. */
  | { readonly kind: "values" }
  /** The data has a number of 16 bits for each row, from `from` to `to`; none if these are the same. */
  | { readonly kind: "range"; readonly from: number; readonly to: number };

const KINDS = ["none", "constant", "codes", "long codes", "values", "range"] as const;
const NONE: PartSummary = { kind: "none" };

/** Words of 32 bits: of each part its kind and a number, then what belongs to it. */
export function encodeSummary(parts: readonly (PartSummary | undefined)[]): Uint8Array {
  const words: number[] = [];
  for (let part = 0; part < PARTS; part += 1) {
    const summary = parts[part] ?? NONE;
    const kind = KINDS.indexOf(summary.kind);
    switch (summary.kind) {
      case "constant":
        words.push(kind, summary.value);
        break;
      case "codes":
        words.push(kind | (summary.values.length << 8), ...Array.from(summary.values));
        break;
      case "long codes":
        words.push(kind | (summary.count << 8));
        break;
      case "range":
        words.push(kind, summary.from | (summary.to << 16));
        break;
      case "none":
      case "values":
        words.push(kind);
    }
  }
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** What a summary says of one part. */
export function summaryOf(words: Uint32Array, wanted: number): PartSummary {
  let at = 0;
  for (let part = 0; part < wanted; part += 1) at += 1 + wordsAfter(words[at] ?? 0);
  const head = words[at] ?? 0;
  const count = head >>> 8;
  const next = words[at + 1] ?? 0;
  const kind = KINDS[head & 0xff];
  if (kind === "constant") return { kind, value: next };
  if (kind === "codes") return { kind, values: words.subarray(at + 1, at + 1 + count) };
  if (kind === "long codes") return { kind, count };
  if (kind === "values") return { kind };
  return kind === "range" ? { kind, from: next & 0xffff, to: next >>> 16 } : NONE;
}

function wordsAfter(head: number): number {
  const kind = KINDS[head & 0xff];
  if (kind === "codes") return head >>> 8;
  return kind === "constant" || kind === "range" ? 1 : 0;
}
