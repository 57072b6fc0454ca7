/** Two lines next to each other; undefined where one text has none. */
export type LinePair = readonly [left: string | undefined, right: string | undefined];

/** Longer texts are aligned up to here; the comparison takes the square of it. */
const MOST_LINES = 400;

/** The lines of two texts, equal ones next to each other, in the order of both. */
export function aligned(left: readonly string[], right: readonly string[]): LinePair[] {
  const one = left.slice(0, MOST_LINES);
  const other = right.slice(0, MOST_LINES);
  const common = commonLengths(one, other);
  const pairs: LinePair[] = [];
  let at = 0;
  let otherAt = 0;
  while (at < one.length || otherAt < other.length) {
    const [line, otherLine] = [one[at], other[otherAt]];
    if (line !== undefined && line === otherLine) {
      pairs.push([line, otherLine]);
      at += 1;
      otherAt += 1;
      continue;
    }
    const withoutLeft = common[at + 1]?.[otherAt] ?? -1;
    const withoutRight = common[at]?.[otherAt + 1] ?? -1;
    const isLeft = line !== undefined && (otherLine === undefined || withoutLeft >= withoutRight);
    pairs.push(isLeft ? [line, undefined] : [undefined, otherLine]);
    if (isLeft) at += 1;
    else otherAt += 1;
  }
  return joined(pairs);
}

/** How many lines the texts from each pair of lines on have in common, in order. */
function commonLengths(left: readonly string[], right: readonly string[]): number[][] {
  const lengths = Array.from({ length: left.length + 1 }, () =>
    Array.from({ length: right.length + 1 }, () => 0),
  );
  for (let at = left.length - 1; at >= 0; at -= 1) {
    const [row, below] = [lengths[at], lengths[at + 1]];
    if (row === undefined || below === undefined) continue;
    for (let otherAt = right.length - 1; otherAt >= 0; otherAt -= 1) {
      row[otherAt] =
        left[at] === right[otherAt]
          ? (below[otherAt + 1] ?? 0) + 1
          : Math.max(below[otherAt] ?? 0, row[otherAt + 1] ?? 0);
    }
  }
  return lengths;
}

/** Lines that only one text has, next to those that only the other one has at the same place. */
function joined(pairs: readonly LinePair[]): LinePair[] {
  const result: LinePair[] = [];
  for (let at = 0; at < pairs.length;) {
    const start = at;
    while (at < pairs.length && isOneSided(pairs[at])) at += 1;
    const lefts = pairs.slice(start, at).flatMap(([left]) => left ?? []);
    const rights = pairs.slice(start, at).flatMap(([, right]) => right ?? []);
    for (let line = 0; line < Math.max(lefts.length, rights.length); line += 1) {
      result.push([lefts[line], rights[line]]);
    }
    const both = pairs[at];
    if (both !== undefined) result.push(both);
    at += 1;
  }
  return result;
}

function isOneSided(pair: LinePair | undefined): boolean {
  return pair !== undefined && (pair[0] === undefined || pair[1] === undefined);
}
