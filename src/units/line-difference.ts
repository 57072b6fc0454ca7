/** How many lines a text has that another one has not. */
export interface LineChanges {
  readonly added: number;
  readonly removed: number;
}

interface Step {
  readonly kind: "same" | "added" | "removed";
  readonly line: string;
}

/** Texts that differ in more lines than this are shown as one replacing the other. */
const MOST_EDITS = 1_000;

/** Counts the lines that were added and removed from one text to another. */
export function changedLines(before: string, after: string): LineChanges {
  let [added, removed] = [0, 0];
  for (const { kind } of stepsBetween(before, after)) {
    if (kind === "added") added += 1;
    else if (kind === "removed") removed += 1;
  }
  return { added, removed };
}

/** The differences between two texts, in the unified form without file names; empty if there are none. */
export function unifiedDifference(before: string, after: string, context = 3): string {
  const steps = stepsBetween(before, after);
  const text: string[] = [];
  let [oldLine, newLine] = [1, 1];
  let at = 0;
  while (at < steps.length) {
    const first = steps.findIndex(({ kind }, index) => index >= at && kind !== "same");
    if (first === -1) break;
    const from = Math.max(at, first - context);
    const to = endOfHunk(steps, first, context);
    oldLine += from - at;
    newLine += from - at;
    const hunk = steps.slice(from, to);
    const olds = hunk.filter(({ kind }) => kind !== "added").length;
    const news = hunk.filter(({ kind }) => kind !== "removed").length;
    text.push(`@@ -${range(oldLine, olds)} +${range(newLine, news)} @@`);
    text.push(...hunk.map(({ kind, line }) => SIGNS[kind] + line));
    oldLine += olds;
    newLine += news;
    at = to;
  }
  return text.length === 0 ? "" : `${text.join("\n")}\n`;
}

const SIGNS = { same: " ", added: "+", removed: "-" } as const;

/** Differences that are close to each other share a hunk. */
function endOfHunk(steps: readonly Step[], first: number, context: number): number {
  let last = first;
  for (let at = first; at < steps.length && at <= last + 2 * context; at += 1) {
    if (steps[at]?.kind !== "same") last = at;
  }
  return Math.min(steps.length, last + context + 1);
}

/** An empty range is named by the line before it. */
function range(line: number, count: number): string {
  return count === 0 ? `${line - 1},0` : `${line},${count}`;
}

function stepsBetween(before: string, after: string): Step[] {
  const [olds, news] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < olds.length && start < news.length && olds[start] === news[start]) start += 1;
  let end = 0;
  const most = Math.min(olds.length, news.length) - start;
  while (end < most && olds[olds.length - 1 - end] === news[news.length - 1 - end]) end += 1;
  const same = (line: string): Step => ({ kind: "same", line });
  return [
    ...olds.slice(0, start).map(same),
    ...shortest(olds.slice(start, olds.length - end), news.slice(start, news.length - end)),
    ...olds.slice(olds.length - end).map(same),
  ];
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The fewest steps from one list to another (Myers: An O(ND) Difference Algorithm). */
function shortest(olds: readonly string[], news: readonly string[]): Step[] {
  const [n, m] = [olds.length, news.length];
  const most = Math.min(n + m, MOST_EDITS);
  /** The furthest old line for each diagonal, before each number of edits. */
  const trace: Int32Array[] = [];
  const offset = most + 1;
  const furthest = new Int32Array(2 * most + 3);
  for (let edits = 0; edits <= most; edits += 1) {
    trace.push(furthest.slice(offset - edits - 1, offset + edits + 2));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const below = furthest[offset + diagonal - 1] ?? 0;
      const above = furthest[offset + diagonal + 1] ?? 0;
      const isAdded = diagonal === -edits || (diagonal !== edits && below < above);
      let x = isAdded ? above : below + 1;
      while (x < n && x - diagonal < m && olds[x] === news[x - diagonal]) x += 1;
      furthest[offset + diagonal] = x;
      if (x >= n && x - diagonal >= m) return stepsBack(olds, news, trace);
    }
  }
  return [
    ...olds.map((line): Step => ({ kind: "removed", line })),
    ...news.map((line): Step => ({ kind: "added", line })),
  ];
}

function stepsBack(
  olds: readonly string[],
  news: readonly string[],
  trace: readonly Int32Array[],
): Step[] {
  const steps: Step[] = [];
  let [x, y] = [olds.length, news.length];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const furthest = trace[edits] ?? new Int32Array(0);
    // The slice begins one diagonal below -edits.
    const of = (diagonal: number) => furthest[diagonal + edits + 1] ?? 0;
    const diagonal = x - y;
    const isAdded =
      diagonal === -edits || (diagonal !== edits && of(diagonal - 1) < of(diagonal + 1));
    const before = isAdded ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : of(before);
    const fromY = edits === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      steps.push({ kind: "same", line: olds[x] ?? "" });
    }
    if (edits === 0) break;
    if (isAdded) steps.push({ kind: "added", line: news[fromY] ?? "" });
    else steps.push({ kind: "removed", line: olds[fromX] ?? "" });
    [x, y] = [fromX, fromY];
  }
  return steps.toReversed();
}
